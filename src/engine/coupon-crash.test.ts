import * as assert from 'uvu/assert';
import { listDeadLetters } from '../mysql/coupon-dead-letters.ts';
import {
  couponsOn,
  killConsumers,
  openCampaign,
  openCouponBench,
  spawnConsumer,
  storedCoupons,
} from '../testing/coupons.ts';
import { suite } from '../testing/suite.ts';
import { until } from '../testing/until.ts';

const test = suite('coupons when a process dies', { timeoutMs: 60_000 });
const bench = await openCouponBench();
const coupons = couponsOn(bench);
test.after.each(killConsumers);
test.after(() => bench.close());

const countStored = async (campaignId: string) => (await storedCoupons(bench, campaignId)).length;
const left = (campaignId: string) => bench.redis.client.xlen(bench.keys(campaignId).stream);

/** 1,000 buyers ask twice each, all at once; returns the ids of those who were told that they won. */
async function stampede(campaignId: string): Promise<string[]> {
  const calls = Array.from({ length: 2000 }, async (_, index) => {
    const outcome = await coupons.issue({ campaignId, buyerId: `buyer-${index % 1000}` });
    return outcome.status === 'issued' ? outcome.coupon.couponId : null;
  });
  return (await Promise.all(calls)).filter((couponId) => couponId !== null);
}

async function assertExactly(campaignId: string, winners: string[]): Promise<void> {
  const rows = await storedCoupons(bench, campaignId);
  assert.is(winners.length, 100);
  assert.equal(rows.map((row) => row.couponId).sort(), [...winners].sort());
  assert.is(new Set(rows.map((row) => row.buyerId)).size, 100);
  assert.equal(await listDeadLetters(bench.mysql.db, campaignId, 10), []);
}

test('2,000 concurrent calls of 1,000 buyers for 100 coupons have exactly 100 winners, all of them stored', async () => {
  const campaignId = await openCampaign(coupons, 100);
  const consumer = await spawnConsumer(bench);

  const winners = await stampede(campaignId);
  await until('all is written', async () => (await left(campaignId)) === 0);

  await assertExactly(campaignId, winners);
  await consumer.kill();
});

test('the same when the consumer is killed half-way', async () => {
  const campaignId = await openCampaign(coupons, 100);
  const first = await spawnConsumer(bench, { batchMax: 1, diesAtBatch: 6 });

  const winners = await stampede(campaignId);
  assert.is(await first.exited, 'SIGKILL');
  const leftBehind = await left(campaignId);
  const second = await spawnConsumer(bench);
  await until('all is written', async () => (await left(campaignId)) === 0);

  assert.is(leftBehind, 95);
  await assertExactly(campaignId, winners);
  await second.kill();
});

test('the same when the consumer is killed between a COMMIT and its acknowledgement', async () => {
  const campaignId = await openCampaign(coupons, 100);
  const winners = await stampede(campaignId);

  const first = await spawnConsumer(bench, { diesAtBatch: 1 });
  assert.is(await first.exited, 'SIGKILL');
  const afterKill = { stored: await countStored(campaignId), left: await left(campaignId) };
  const second = await spawnConsumer(bench);
  await until('all is written', async () => (await left(campaignId)) === 0);

  assert.equal(afterKill, { stored: 10, left: 100 });
  await assertExactly(campaignId, winners);
  await second.kill();
});

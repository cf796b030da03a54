import * as assert from 'uvu/assert';
import type { IssueCouponOutcome } from '../domain/coupon.ts';
import { CampaignLostError } from '../domain/errors.ts';
import { insertDeadLetter } from '../mysql/coupon-dead-letters.ts';
import { insertCoupons } from '../mysql/coupons.ts';
import {
  couponsOn,
  drained,
  issued,
  openCampaign,
  openCouponBench,
  readBatch,
  storedBuyers,
  storedCoupons,
  untilAvailable,
} from '../testing/coupons.ts';
import { freshId } from '../testing/stack.ts';
import { suite } from '../testing/suite.ts';
import { storeEntries } from './coupon-batch.ts';

const test = suite('coupons when Redis forgets');
const bench = await openCouponBench();
const coupons = couponsOn(bench);
test.after(async () => {
  await coupons.idle();
  await bench.close();
});

async function again(campaignId: string, buyerId: string) {
  const { reply, refusals } = await untilAvailable(() => coupons.issue({ campaignId, buyerId }));
  return { ...reply, refusals };
}

test('a lost campaign answers 503 at once, is rebuilt, and every winner still has his coupon', async () => {
  const campaignId = await openCampaign(coupons, 3);
  const [alice, bob] = [await issued(coupons, campaignId, 'alice'), await issued(coupons, campaignId, 'bob')];
  await drained(bench, campaignId);
  const keys = bench.keys(campaignId);
  await bench.redis.client.del(keys.campaign, keys.coupons, keys.stream, keys.tries);

  const lost = await coupons.issue({ campaignId, buyerId: 'carol' }).catch((error: unknown) => error);
  const outcomes = {
    alice: await again(campaignId, 'alice'),
    bob: await again(campaignId, 'bob'),
    carol: await again(campaignId, 'carol'),
    dave: await again(campaignId, 'dave'),
  };

  assert.instance(lost, CampaignLostError);
  assert.equal(outcomes.alice.status === 'already_issued' && outcomes.alice.coupon, alice);
  assert.equal(outcomes.bob.status === 'already_issued' && outcomes.bob.coupon, bob);
  assert.is(outcomes.carol.status, 'issued');
  assert.is(outcomes.dave.status, 'coupons_exhausted');
});

test('a rebuild unites MySQL with what the stream still holds', async () => {
  const campaignId = await openCampaign(coupons, 3);
  const alice = await issued(coupons, campaignId, 'alice');
  await drained(bench, campaignId);
  const bob = await issued(coupons, campaignId, 'bob');
  const keys = bench.keys(campaignId);
  await bench.redis.client.del(keys.campaign, keys.coupons);

  const repeats = [await again(campaignId, 'alice'), await again(campaignId, 'bob')];
  const rest = [await again(campaignId, 'carol'), await again(campaignId, 'dave')];
  await drained(bench, campaignId);

  assert.equal(
    repeats.map((outcome) => outcome.status === 'already_issued' && outcome.coupon),
    [alice, bob],
  );
  assert.equal(
    rest.map((outcome) => outcome.status),
    ['issued', 'coupons_exhausted'],
  );
  assert.equal(await storedBuyers(bench, campaignId), ['alice', 'bob', 'carol']);
});

test('after a restart that forgot the last second, a stored winner is a winner again and nothing is issued above the quantity', async () => {
  const campaignId = await openCampaign(coupons, 2);
  const keys = bench.keys(campaignId);
  const alice = await issued(coupons, campaignId, 'alice');
  await drained(bench, campaignId);
  // What a restart does: another run, and the newest writes undone.
  await bench.redis.client.hset(keys.campaign, 'run', 'e'.repeat(40));
  await bench.redis.client.hdel(keys.coupons, 'alice');
  await insertCoupons(bench.mysql.db, [{ couponId: freshId('forgotten'), campaignId, buyerId: 'bob', issuedAtMs: 5 }]);
  await insertCoupons(bench.mysql.db, [{ couponId: freshId('forgotten'), campaignId, buyerId: 'carl', issuedAtMs: 6 }]);

  const repeat = await again(campaignId, 'alice');
  const statuses = [await again(campaignId, 'bob'), await again(campaignId, 'carl'), await again(campaignId, 'dave')];

  assert.ok(repeat.refusals > 0);
  assert.equal(repeat.status === 'already_issued' && repeat.coupon, alice);
  assert.equal(
    statuses.map((outcome) => outcome.status),
    ['already_issued', 'already_issued', 'coupons_exhausted'],
  );
});

test('a consumer that slept through a rebuild writes nothing of what Redis has forgotten', async () => {
  const campaignId = await openCampaign(coupons, 2);
  const keys = bench.keys(campaignId);
  await issued(coupons, campaignId, 'alice');
  const batch = await readBatch(bench, campaignId);
  await bench.redis.client.hset(keys.campaign, 'run', 'e'.repeat(40));
  await bench.redis.client.hdel(keys.coupons, 'alice');
  await bench.redis.client.del(keys.stream);
  const winners = [await again(campaignId, 'bob'), await again(campaignId, 'carol'), await again(campaignId, 'dave')];

  const deps = { ...bench, onDeadLetter: () => undefined };
  const late = await storeEntries(deps, batch).catch((error: unknown) => error);
  await drained(bench, campaignId);

  assert.instance(late, CampaignLostError);
  assert.equal(
    winners.map((outcome) => outcome.status),
    ['issued', 'issued', 'coupons_exhausted'],
  );
  assert.equal(await storedBuyers(bench, campaignId), ['bob', 'carol']);
});

test('a rebuilder that died after its first step keeps nothing from being written', async () => {
  const campaignId = await openCampaign(coupons, 2);
  await issued(coupons, campaignId, 'alice');
  await bench.mysql.db.updateTable('coupon_campaigns').set({ epoch: 77 }).where('id', '=', campaignId).execute();

  await drained(bench, campaignId);

  assert.is((await storedCoupons(bench, campaignId)).length, 1);
});

test('coupons that only Redis remembers, because the stream was lost, are written all the same', async () => {
  const campaignId = await openCampaign(coupons, 5);
  const keys = bench.keys(campaignId);
  const stored = await issued(coupons, campaignId, 'alice');
  await drained(bench, campaignId);
  const unwritten = [await issued(coupons, campaignId, 'bob'), await issued(coupons, campaignId, 'Zoë ☕')];
  await bench.redis.client.del(keys.stream);

  await drained(bench, campaignId);

  const rows = await storedCoupons(bench, campaignId);
  const ids = [stored, ...unwritten].map((coupon) => coupon.couponId).sort();
  assert.equal(rows.map((row) => row.couponId).sort(), ids);
});

test('a dead-lettered coupon was promised: after a loss its buyer gets no second one, and it counts', async () => {
  const campaignId = await openCampaign(coupons, 1);
  const payload = JSON.stringify({ couponId: 'dead-coupon', buyerId: 'alice', issuedAtMs: '7' });
  const letter = { entryId: '1-1', campaignId, payload, error: 'no', tries: 4, createdAtMs: 1 };
  await insertDeadLetter(bench.mysql.db, letter);
  const keys = bench.keys(campaignId);
  await bench.redis.client.del(keys.campaign, keys.coupons, keys.stream);

  const [alice, bob] = [await again(campaignId, 'alice'), await again(campaignId, 'bob')];

  assert.is(alice.status === 'already_issued' && alice.coupon.couponId, 'dead-coupon');
  assert.is(bob.status, 'coupons_exhausted');
  assert.is(await bench.redis.client.xlen(keys.stream), 0);
});

test('eight processes that find a campaign lost rebuild it once or more, and never above its quantity', async () => {
  const campaignId = await openCampaign(coupons, 40);
  const before = await Promise.all(
    Array.from({ length: 30 }, (_, index) => issued(coupons, campaignId, `old-${index}`)),
  );
  const keys = bench.keys(campaignId);
  const processes = Array.from({ length: 8 }, () => couponsOn(bench));
  await bench.redis.client.del(keys.campaign);

  const calls = processes.flatMap((each, at) =>
    Array.from({ length: 20 }, (_, index) =>
      untilAvailable(() => each.issue({ campaignId, buyerId: index < 10 ? `old-${index}` : `new-${at}-${index}` })),
    ),
  );
  const outcomes: IssueCouponOutcome[] = (await Promise.all(calls)).map(({ reply }) => reply);
  await Promise.all(processes.map((each) => each.idle()));

  const count = (status: string) => outcomes.filter((outcome) => outcome.status === status).length;
  assert.equal([count('issued'), count('already_issued'), count('coupons_exhausted')], [10, 80, 70]);
  const ids = new Set(before.map((coupon) => coupon.couponId));
  for (const outcome of outcomes) if (outcome.status === 'already_issued') assert.ok(ids.has(outcome.coupon.couponId));
  assert.is(await bench.redis.client.hlen(keys.coupons), 41);
});

import * as assert from 'uvu/assert';
import { CampaignLostError, UnavailableError } from '../domain/errors.ts';
import { aCampaign, openCouponBench } from '../testing/coupons.ts';
import { freshId } from '../testing/stack.ts';
import { suite } from '../testing/suite.ts';
import { ackCoupons } from './ack-coupons.ts';
import { addCoupons } from './add-coupons.ts';
import { intactEpoch } from './coupon-rebuild.ts';
import { readCoupons, reopenGroup } from './coupon-stream.ts';
import { writeTries } from './coupon-tries.ts';
import { dropCouponConsumers } from './drop-coupon-consumers.ts';
import { installCampaign } from './install-campaign.ts';
import { issueCoupons } from './issue-coupons.ts';
import { suspendCampaign } from './suspend-campaign.ts';

const test = suite('coupon scripts');
const now = { ms: 1_800_000_000_000 };
const bench = await openCouponBench({}, { clock: () => now.ms });
const { redis } = bench;
test.before.each(() => {
  now.ms = 1_800_000_000_000;
});
test.after(() => bench.close());

async function installed(quantity: number, changes: { opensAtMs?: number; closesAtMs?: number | null } = {}) {
  const campaign = aCampaign(quantity, changes);
  assert.is(await suspendCampaign(redis, { campaignId: campaign.campaignId, newEpoch: 2 }), 'suspended');
  assert.is(await installCampaign(redis, { campaign, epoch: 2 }), 'installed');
  return campaign;
}

const issue = async (campaignId: string, ...buyerIds: string[]) =>
  issueCoupons(redis, { campaignId, items: buyerIds.map((buyerId) => ({ couponId: `coupon-${buyerId}`, buyerId })) });
const statuses = async (campaignId: string, ...buyerIds: string[]) =>
  (await issue(campaignId, ...buyerIds)).map((reply) => reply.status);

async function lostBy(call: () => Promise<unknown>): Promise<boolean> {
  const error = await call().catch((caught: unknown) => caught);
  return error instanceof CampaignLostError;
}

test('a coupon is issued once per buyer, also within one call', async () => {
  const { campaignId } = await installed(10);

  const replies = await issue(campaignId, 'alice', 'bob', 'alice');
  now.ms += 5;
  const [again] = await issue(campaignId, 'alice');

  const coupon = { couponId: 'coupon-alice', campaignId, issuedAtMs: 1_800_000_000_000 };
  assert.equal(replies[0], { status: 'issued', coupon });
  assert.is(replies[1]?.status, 'issued');
  assert.equal(replies[2], { status: 'already_issued', coupon });
  assert.equal(again, { status: 'already_issued', coupon });
});

test('the coupon stands in the stream as soon as it is issued', async () => {
  const { campaignId } = await installed(10);

  await issue(campaignId, 'Zoë ☕', 'bob', 'bob');

  const read = await readCoupons(redis, { campaignId, consumer: 'one', countMax: 10 }, '>');
  const fields = read.status === 'read' ? read.entries.map((entry) => entry.fields) : [];
  const issuedAtMs = '1800000000000';
  assert.equal(fields, [
    { couponId: 'coupon-Zoë ☕', buyerId: 'Zoë ☕', issuedAtMs },
    { couponId: 'coupon-bob', buyerId: 'bob', issuedAtMs },
  ]);
});

test('nothing is issued before the campaign opens, and the refusal says when it does', async () => {
  const { campaignId } = await installed(1, { opensAtMs: now.ms + 1 });

  const [early] = await issue(campaignId, 'alice');
  now.ms += 1;

  assert.equal(early, { status: 'campaign_not_open', opensAtMs: 1_800_000_000_001 });
  assert.equal(await statuses(campaignId, 'alice'), ['issued']);
});

test('a closed campaign says so, and even then a winner gets his coupon', async () => {
  const { campaignId } = await installed(1, { closesAtMs: now.ms + 10 });
  await issue(campaignId, 'alice');

  now.ms += 10;

  assert.equal(await statuses(campaignId, 'bob', 'alice'), ['campaign_closed', 'already_issued']);
});

test('exactly the quantity is issued', async () => {
  const { campaignId } = await installed(2);

  const first = await statuses(campaignId, 'a', 'b', 'c', 'a', 'd');
  const later = await statuses(campaignId, 'c', 'b');

  assert.equal(first, ['issued', 'issued', 'coupons_exhausted', 'already_issued', 'coupons_exhausted']);
  assert.equal(later, ['coupons_exhausted', 'already_issued']);
});

test('a campaign of nothing is exhausted from the start', async () => {
  const { campaignId } = await installed(0);

  assert.equal(await statuses(campaignId, 'alice'), ['coupons_exhausted']);
});

test('500 concurrent calls of 100 buyers issue 30 coupons to 30 buyers', async () => {
  const { campaignId } = await installed(30);
  const calls = Array.from({ length: 500 }, (_, index) => issue(campaignId, `buyer-${index % 100}`));

  const replies = (await Promise.all(calls)).flat();

  const issued = replies.flatMap((reply) => (reply.status === 'issued' ? reply.coupon.couponId : []));
  assert.is(issued.length, 30);
  assert.is(new Set(issued).size, 30);
  assert.is(await redis.client.xlen(bench.keys(campaignId).stream), 30);
});

test('refused buyers leave no memory behind', async () => {
  const { campaignId } = await installed(5);
  await issue(campaignId, 'a', 'b', 'c', 'd', 'e');
  const keys = bench.keys(campaignId);
  const measure = async () => {
    const sizes = [keys.campaign, keys.coupons, keys.stream].map((key) =>
      redis.client.memory('USAGE', key, 'SAMPLES', 0),
    );
    const names = await redis.client.keys(`${redis.keyPrefix}:{${campaignId}}:*`);
    return { sizes: await Promise.all(sizes), fields: await redis.client.hlen(keys.coupons), names: names.sort() };
  };
  const before = await measure();

  for (let at = 0; at < 2000; at += 100) {
    await issue(campaignId, ...Array.from({ length: 100 }, (_, index) => `loser-${at + index}`));
  }

  assert.equal(await measure(), before);
  assert.is(before.fields, 6);
});

test('a campaign that Redis does not know is lost, not exhausted', async () => {
  assert.ok(await lostBy(() => issue(freshId('campaign'), 'alice')));
});

for (const missing of ['campaign', 'coupons', 'stream'] as const) {
  test(`without its ${missing} a campaign is lost, and nothing is issued`, async () => {
    const { campaignId } = await installed(5);
    await issue(campaignId, 'alice');

    await redis.client.del(bench.keys(campaignId)[missing]);

    assert.ok(await lostBy(() => issue(campaignId, 'bob')));
    assert.is(await intactEpoch(redis, campaignId), null);
    assert.is(await redis.client.hexists(bench.keys(campaignId).coupons, 'bob'), 0);
  });
}

test('a campaign of another run of the server is lost', async () => {
  const { campaignId } = await installed(5);

  await redis.client.hset(bench.keys(campaignId).campaign, 'run', 'f'.repeat(40));

  assert.ok(await lostBy(() => issue(campaignId, 'bob')));
});

test('a campaign whose coupons have another epoch is lost', async () => {
  const { campaignId } = await installed(5);

  await redis.client.hset(bench.keys(campaignId).coupons, '', '1');

  assert.ok(await lostBy(() => issue(campaignId, 'bob')));
});

test('a suspended campaign issues nothing until it is installed, and keeps its coupons', async () => {
  const campaign = await installed(2);
  const { campaignId } = campaign;
  await issue(campaignId, 'alice');

  assert.is(await suspendCampaign(redis, { campaignId, newEpoch: 3 }), 'suspended');
  assert.ok(await lostBy(() => issue(campaignId, 'bob')));
  const carols = { couponId: 'coupon-carol', buyerId: 'carol', issuedAtMs: 7 };
  assert.is(await addCoupons(redis, { campaignId, epoch: 3, coupons: [carols], forMs: 1000 }), 'added');
  assert.is(await installCampaign(redis, { campaign, epoch: 3 }), 'installed');

  assert.equal(await statuses(campaignId, 'alice', 'carol', 'bob'), [
    'already_issued',
    'already_issued',
    'coupons_exhausted',
  ]);
  assert.is(await intactEpoch(redis, campaignId), 3);
});

test('an epoch as new or newer is not suspended', async () => {
  const { campaignId } = await installed(2);

  assert.is(await suspendCampaign(redis, { campaignId, newEpoch: 2 }), 'newer');
  assert.is(await suspendCampaign(redis, { campaignId, newEpoch: 4 }), 'suspended');
  assert.is(await suspendCampaign(redis, { campaignId, newEpoch: 3 }), 'newer');
  assert.is(await suspendCampaign(redis, { campaignId, newEpoch: 4 }), 'newer');
});

test('a slow rebuilder whose claim was taken over or lost installs nothing', async () => {
  const campaign = aCampaign(5);
  const { campaignId } = campaign;
  await suspendCampaign(redis, { campaignId, newEpoch: 2 });
  await suspendCampaign(redis, { campaignId, newEpoch: 3 });

  assert.is(await installCampaign(redis, { campaign, epoch: 2 }), 'moved');
  assert.is(await installCampaign(redis, { campaign, epoch: 3 }), 'installed');
  assert.is(await installCampaign(redis, { campaign, epoch: 3 }), 'moved');
  const keys = bench.keys(campaignId);
  for (const lost of [keys.campaign, keys.coupons, keys.stream]) {
    const epoch = Math.floor(Math.random() * 1e9) + 10;
    await redis.client.del(keys.campaign);
    await suspendCampaign(redis, { campaignId, newEpoch: epoch });
    await redis.client.del(lost);
    assert.is(await installCampaign(redis, { campaign, epoch }), 'moved');
  }
});

test('a claim of another run of the server installs nothing', async () => {
  const campaign = aCampaign(5);
  const { campaignId } = campaign;
  await suspendCampaign(redis, { campaignId, newEpoch: 2 });
  await redis.client.hset(bench.keys(campaignId).campaign, 'claimRun', 'f'.repeat(40));

  assert.is(await installCampaign(redis, { campaign, epoch: 2 }), 'moved');
  assert.ok(await lostBy(() => issue(campaignId, 'alice')));
});

test('what is acknowledged is gone in one go, and a repeat changes nothing', async () => {
  const { campaignId } = await installed(700);
  for (let at = 0; at < 600; at += 100) {
    await issue(campaignId, ...Array.from({ length: 100 }, (_, index) => `buyer-${at + index}`));
  }
  const read = await readCoupons(redis, { campaignId, consumer: 'one', countMax: 1000 }, '>');
  if (read.status !== 'read') throw new Error('not read');
  const entryIds = read.entries.map((entry) => entry.entryId);
  await writeTries(redis, campaignId, entryIds[0] as string, { tries: 1, notBeforeMs: 1 });

  const deleted = await ackCoupons(redis, { campaignId, runId: read.runId, entryIds: entryIds.slice(0, 599) });
  const again = await ackCoupons(redis, { campaignId, runId: read.runId, entryIds: entryIds.slice(0, 599) });

  assert.equal([deleted, again], [599, 0]);
  const keys = bench.keys(campaignId);
  assert.is(await redis.client.xlen(keys.stream), 1);
  assert.is(await redis.client.exists(keys.tries), 0);
  const own = await readCoupons(redis, { campaignId, consumer: 'one', countMax: 1000 }, '0');
  assert.equal(own.status === 'read' && own.entries.map((entry) => entry.entryId), entryIds.slice(599));
});

test('entries that were read from another run are not acknowledged', async () => {
  const { campaignId } = await installed(1);
  await issue(campaignId, 'alice');

  const error = await ackCoupons(redis, { campaignId, runId: 'f'.repeat(40), entryIds: ['1-1'] }).catch(
    (it: unknown) => it,
  );

  assert.instance(error, UnavailableError);
  assert.is(await redis.client.xlen(bench.keys(campaignId).stream), 1);
});

test('a consumer is dropped when it holds nothing, and one that holds entries never is', async () => {
  const { campaignId } = await installed(5);
  await redis.client.xgroup('CREATECONSUMER', bench.keys(campaignId).stream, 'mysql', 'idle');
  await issue(campaignId, 'alice');
  await readCoupons(redis, { campaignId, consumer: 'dead', countMax: 10 }, '>');

  const young = await dropCouponConsumers(redis, { campaignId, idleMs: 60_000 });
  const old = await dropCouponConsumers(redis, { campaignId, idleMs: 0 });

  assert.equal([young, old], [0, 1]);
  const pending = await redis.client.xpending(bench.keys(campaignId).stream, 'mysql');
  assert.is(pending[0], 1);
  assert.is(await dropCouponConsumers(redis, { campaignId: freshId('campaign'), idleMs: 0 }), 0);
});

test('a group that is gone is made again from the beginning; a stream that is gone is told', async () => {
  const { campaignId } = await installed(5);
  await issue(campaignId, 'alice');
  const reader = { campaignId, consumer: 'one', countMax: 10 };
  await readCoupons(redis, reader, '>');
  await redis.client.xgroup('DESTROY', bench.keys(campaignId).stream, 'mysql');

  assert.is((await readCoupons(redis, reader, '>')).status, 'no_group');
  assert.equal([await reopenGroup(redis, campaignId), await reopenGroup(redis, campaignId)], ['opened', 'opened']);

  const read = await readCoupons(redis, reader, '>');
  assert.is(read.status === 'read' && read.entries.length, 1);
  await redis.client.del(bench.keys(campaignId).stream);
  assert.is(await reopenGroup(redis, campaignId), 'stream_lost');
  assert.is(await reopenGroup(redis, freshId('campaign')), 'nothing_here');
});

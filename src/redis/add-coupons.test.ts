import * as assert from 'uvu/assert';
import { aCampaign, openCouponBench } from '../testing/coupons.ts';
import { suite } from '../testing/suite.ts';
import { addCoupons } from './add-coupons.ts';
import { claimCampaignRebuild } from './coupon-rebuild.ts';
import { scanStream } from './coupon-stream.ts';
import { installCampaign } from './install-campaign.ts';
import { publishCoupons } from './publish-coupons.ts';
import { suspendCampaign } from './suspend-campaign.ts';

const test = suite('adding and publishing coupons');
const bench = await openCouponBench();
const { redis } = bench;
test.after(() => bench.close());

async function installed(): Promise<string> {
  const campaign = aCampaign(5);
  await suspendCampaign(redis, { campaignId: campaign.campaignId, newEpoch: 2 });
  assert.is(await installCampaign(redis, { campaign, epoch: 2 }), 'installed');
  return campaign.campaignId;
}

test('a rebuilder whose claim was taken over, lost or made in another run adds and publishes nothing', async () => {
  const campaignId = await installed();
  const keys = bench.keys(campaignId);
  const coupons = [{ couponId: 'coupon-alice', buyerId: 'alice', issuedAtMs: 7 }];
  const both = async (epoch: number) => [
    await addCoupons(redis, { campaignId, epoch, coupons, forMs: 1000 }),
    await publishCoupons(redis, { campaignId, epoch, coupons }),
  ];

  const installedAlready = await both(2);
  await suspendCampaign(redis, { campaignId, newEpoch: 4 });
  const takenOver = await both(3);
  await redis.client.hset(keys.campaign, 'claimRun', 'f'.repeat(40));
  const otherRun = await both(4);
  const untouched = [await redis.client.hlen(keys.coupons), await redis.client.xlen(keys.stream)];
  await redis.client.del(...Object.values(keys));
  const lost = await both(4);

  for (const replies of [installedAlready, takenOver, otherRun, lost]) assert.equal(replies, ['moved', 'moved']);
  assert.equal(untouched, [1, 0]);
  assert.is(await redis.client.exists(...Object.values(keys)), 0);
});

test('a rebuilder with the claim adds and publishes, and keeps others waiting', async () => {
  const campaignId = await installed();
  const keys = bench.keys(campaignId);
  const coupons = [
    { couponId: 'coupon-alice', buyerId: 'alice', issuedAtMs: 7 },
    { couponId: 'coupon-bob', buyerId: 'bob', issuedAtMs: 8 },
  ];
  await suspendCampaign(redis, { campaignId, newEpoch: 3 });
  await claimCampaignRebuild(redis, campaignId, 20_000);

  assert.is(await addCoupons(redis, { campaignId, epoch: 3, coupons, forMs: 60_000 }), 'added');
  assert.is(await publishCoupons(redis, { campaignId, epoch: 3, coupons }), 'published');

  const expected = { '': 'claim:3', alice: '7,coupon-alice', bob: '8,coupon-bob' };
  assert.equal({ ...(await redis.client.hgetall(keys.coupons)) }, expected);
  const entries = await scanStream(redis, { campaignId, after: '-', countMax: 10 });
  assert.equal(
    entries.map((entry) => entry.fields),
    coupons.map((coupon) => ({ ...coupon, issuedAtMs: String(coupon.issuedAtMs) })),
  );
  assert.ok((await redis.client.pttl(keys.rebuilding)) > 30_000);
});

import * as assert from 'uvu/assert';
import type { Coupon } from '../domain/coupon.ts';
import { RequestError } from '../domain/errors.ts';
import { insertCoupons } from '../mysql/coupons.ts';
import {
  aCampaign,
  admin,
  couponsOn,
  drained,
  issued,
  openCampaign,
  openCouponBench,
  storedCoupons,
} from '../testing/coupons.ts';
import { freshId } from '../testing/stack.ts';
import { suite } from '../testing/suite.ts';

const test = suite('coupons of the engine');
const bench = await openCouponBench();
const coupons = couponsOn(bench);
test.after(async () => {
  await coupons.idle();
  await bench.close();
});

test('a repeat gives the same id, and another buyer or campaign another one', async () => {
  const [one, other] = [await openCampaign(coupons, 5), await openCampaign(coupons, 5)];

  const coupon = await issued(coupons, one, 'alice');
  const repeat = await coupons.issue({ campaignId: one, buyerId: 'alice' });
  const ids = [
    coupon.couponId,
    (await issued(coupons, one, 'bob')).couponId,
    (await issued(coupons, other, 'alice')).couponId,
  ];

  assert.equal(repeat, { status: 'already_issued', coupon });
  assert.is(new Set(ids).size, 3);
  assert.match(coupon.couponId, /^[A-Za-z0-9_-]{22}$/);
});

test('a campaign is created once, with its audit, and a repeat by key answers the same', async () => {
  const { createdAtMs: _, ...campaign } = aCampaign(3);
  const input = { ...admin, idempotencyKey: freshId('key'), campaign };

  const first = await coupons.createCampaign(input);
  const repeat = await coupons.createCampaign(input);
  const other = await coupons.createCampaign({ ...admin, campaign });

  assert.is(first.status, 'created');
  assert.equal(repeat, first);
  assert.equal(other, { status: 'campaign_exists' });
  const audits = await bench.mysql.db
    .selectFrom('admin_audit')
    .selectAll()
    .where('action', '=', 'campaign.create')
    .execute();
  assert.is(audits.filter((row) => row.after_json.includes(campaign.campaignId)).length, 1);
});

test('every refusal has its word, in this order', async () => {
  const now = Date.now();
  const early = await openCampaign(coupons, 1, { opensAtMs: now + 3_600_000 });
  const late = await openCampaign(coupons, 1, { opensAtMs: now - 2000, closesAtMs: now - 1000 });
  const none = await openCampaign(coupons, 1);
  await issued(coupons, none, 'alice');
  const issue = (campaignId: string) => coupons.issue({ campaignId, buyerId: 'bob' });

  assert.equal(await issue(early), { status: 'campaign_not_open', opensAtMs: now + 3_600_000 });
  assert.equal(await issue(late), { status: 'campaign_closed' });
  assert.equal(await issue(none), { status: 'coupons_exhausted' });
  assert.equal(await issue(freshId('campaign')), { status: 'campaign_not_found' });
});

test('a campaign that was asked for too early is found a moment after it was made elsewhere', async () => {
  const elsewhere = couponsOn(bench);
  const campaign = aCampaign(1);
  const { campaignId } = campaign;

  const early = await coupons.issue({ campaignId, buyerId: 'alice' });
  await elsewhere.createCampaign({ ...admin, campaign });
  await new Promise((resolve) => setTimeout(resolve, 1050));

  assert.is(early.status, 'campaign_not_found');
  assert.is((await coupons.issue({ campaignId, buyerId: 'alice' })).status, 'issued');
});

test('a buyer whose id cannot be stored is refused before a coupon is promised', async () => {
  const campaignId = await openCampaign(coupons, 5);

  for (const buyerId of ['', 'b'.repeat(256), 'ü'.repeat(128)]) {
    const error = await coupons.issue({ campaignId, buyerId }).catch((caught: unknown) => caught);
    assert.instance(error, RequestError);
  }
  assert.is((await coupons.issue({ campaignId, buyerId: 'ü'.repeat(127) })).status, 'issued');
});

test('a coupon is seen by its buyer right away, once, and by nobody else', async () => {
  const buyerId = freshId('buyer');
  const campaignId = await openCampaign(coupons, 5);
  const coupon = await issued(coupons, campaignId, buyerId);

  const before = await coupons.listOwn({ buyerId, limit: 10 });
  await drained(bench, campaignId);
  const after = await coupons.listOwn({ buyerId, limit: 10 });

  assert.equal(before, { items: [coupon], nextCursor: null });
  assert.equal(after, before);
  assert.is((await storedCoupons(bench, campaignId)).length, 1);
  assert.equal((await coupons.listOwn({ buyerId: freshId('buyer'), limit: 10 })).items, []);
});

test('pages unite what is stored with what is not yet, each coupon once, newest first', async () => {
  const buyerId = freshId('buyer');
  const own: Coupon[] = [];
  for (let index = 0; index < 9; index += 1) {
    const campaignId = await openCampaign(coupons, 5);
    own.push(await issued(coupons, campaignId, buyerId));
    if (index < 5) await drained(bench, campaignId);
  }
  // Stored out of turn, so that old and new ones stand in both places.
  await insertCoupons(bench.mysql.db, [{ ...(own[7] as Coupon), buyerId }]);

  for (const limit of [1, 2, 3, 4, 9, 20]) {
    const seen: Coupon[] = [];
    let cursor: string | undefined;
    do {
      const page = await coupons.listOwn({ buyerId, limit, cursor });
      assert.ok(page.items.length <= limit);
      seen.push(...page.items);
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    assert.equal(
      seen.map((coupon) => coupon.campaignId),
      own.map((coupon) => coupon.campaignId).reverse(),
      `pages of ${limit}`,
    );
  }
});

import * as assert from 'uvu/assert';
import { freshId } from '../testing/stack.ts';
import { suite } from '../testing/suite.ts';
import { bumpCampaignEpoch, findCampaign, insertCampaign, listCampaigns, lockCampaign } from './campaigns.ts';
import { closeMysql } from './connection.ts';
import { insertDeadLetter, listDeadLetters } from './coupon-dead-letters.ts';
import { type CouponRow, couponsOfBuyer, couponsOfCampaign, insertCoupons } from './coupons.ts';
import { testMysql } from './testing.ts';
import { transact } from './transact.ts';

const test = suite('coupons');
const mysql = testMysql();
test.after(() => closeMysql(mysql));

const aCampaign = (closesAtMs: number | null = null) => ({
  ...{ campaignId: freshId('campaign'), title: 'Ten off', quantity: 100, opensAtMs: 5, closesAtMs, createdAtMs: 3 },
  discount: { kind: 'percent' as const, value: 10 },
});
const aCoupon = (campaignId: string, changes: Partial<CouponRow> = {}): CouponRow => ({
  ...{ couponId: freshId('coupon'), campaignId, buyerId: freshId('buyer'), issuedAtMs: 7, ...changes },
});
const byId = (rows: CouponRow[]) => [...rows].sort((a, b) => (a.couponId < b.couponId ? -1 : 1));

test('a campaign is read as it was written, once', async () => {
  const campaign = aCampaign(9);

  const first = await transact(mysql, {}, (trx) => insertCampaign(trx, campaign));
  const second = await transact(mysql, {}, (trx) => insertCampaign(trx, { ...campaign, title: 'Other' }));

  assert.equal([first, second], ['inserted', 'exists']);
  assert.equal(await findCampaign(mysql.db, campaign.campaignId), { ...campaign, epoch: 1 });
  const listed = async (nowMs: number) =>
    (await listCampaigns(mysql.db, nowMs)).some((it) => it.campaignId === campaign.campaignId);
  assert.equal([await listed(8), await listed(9)], [true, false]);
});

test('a campaign is locked and its epoch moves', async () => {
  const campaign = aCampaign();
  await transact(mysql, {}, (trx) => insertCampaign(trx, campaign));

  const epoch = await transact(mysql, {}, async (trx) => {
    const locked = await lockCampaign(trx, campaign.campaignId);
    return locked && bumpCampaignEpoch(trx, locked);
  });

  assert.is(epoch, 2);
  assert.is((await findCampaign(mysql.db, campaign.campaignId))?.epoch, 2);
});

test('a repeat of stored coupons is fine and stores the rest', async () => {
  const campaignId = freshId('campaign');
  const rows = Array.from({ length: 9 }, () => aCoupon(campaignId));

  const outcomes = [
    await insertCoupons(mysql.db, rows.slice(0, 4)),
    await insertCoupons(mysql.db, rows),
    await transact(mysql, {}, (trx) => insertCoupons(trx, rows)),
    await insertCoupons(mysql.db, []),
  ];

  assert.equal(outcomes, [[], [], [], []]);
  assert.equal(await couponsOfCampaign(mysql.db, campaignId, null, 100), byId(rows));
});

test('bad coupons are reported one by one and harm no other', async () => {
  const campaignId = freshId('campaign');
  const stored = aCoupon(campaignId);
  await insertCoupons(mysql.db, [stored]);
  const good = Array.from({ length: 6 }, () => aCoupon(campaignId));
  const bad = [
    aCoupon(campaignId, { buyerId: stored.buyerId }),
    aCoupon(campaignId, { couponId: stored.couponId }),
    aCoupon(campaignId, { couponId: 'c'.repeat(65) }),
    aCoupon(campaignId, { buyerId: 'b'.repeat(256) }),
    aCoupon(campaignId, { buyerId: '\ud800' }),
    aCoupon(campaignId, { buyerId: good[0]?.buyerId ?? '' }),
  ];
  const rows = good.flatMap((row, index) => [row, bad[index] as CouponRow]);

  const refused = await insertCoupons(mysql.db, rows);

  assert.equal(refused.map((it) => it.couponId).sort(), bad.map((it) => it.couponId).sort());
  for (const { error } of refused) assert.instance(error, Error);
  assert.equal(await couponsOfCampaign(mysql.db, campaignId, null, 100), byId([stored, ...good]));
});

test('two consumers with the same coupons store each once', async () => {
  const campaignId = freshId('campaign');
  const rows = Array.from({ length: 50 }, () => aCoupon(campaignId));

  const outcomes = await Promise.all(
    [rows, [...rows].reverse(), rows].map((it) => insertCoupons(mysql.db, it).catch(() => insertCoupons(mysql.db, it))),
  );

  assert.equal(outcomes, [[], [], []]);
  assert.is((await couponsOfCampaign(mysql.db, campaignId, null, 100)).length, 50);
});

test('a buyer pages through coupons newest first, a campaign through ids', async () => {
  const buyerId = freshId('buyer');
  const rows = [1, 1, 2, 3].map((issuedAtMs) => aCoupon(freshId('campaign'), { buyerId, issuedAtMs }));
  await insertCoupons(mysql.db, rows);

  const first = await couponsOfBuyer(mysql.db, { buyerId, limit: 3 });
  const second = await couponsOfBuyer(mysql.db, { buyerId, limit: 3, cursor: first.nextCursor ?? '' });

  assert.equal(
    first.items.concat(second.items).map((it) => it.issuedAtMs),
    [3, 2, 1, 1],
  );
  assert.is(new Set(first.items.concat(second.items).map((it) => it.couponId)).size, 4);
  assert.is(second.nextCursor, null);
});

test('a dead letter keeps the newest reason', async () => {
  const letter = {
    entryId: '1-0',
    campaignId: freshId('campaign'),
    payload: '{bad',
    error: 'one',
    tries: 1,
    createdAtMs: 5,
  };

  await insertDeadLetter(mysql.db, letter);
  await insertDeadLetter(mysql.db, { ...letter, error: 'two', tries: 4 });

  assert.equal(await listDeadLetters(mysql.db, letter.campaignId, 10), [{ ...letter, error: 'two', tries: 4 }]);
});

import * as assert from 'uvu/assert';
import { callsOn, placing } from '../testing/redis-calls.ts';
import { linesOf, openTestRedis, putSale } from '../testing/redis-sale.ts';
import { assertLawful, stateOf, stockOf } from '../testing/redis-state.ts';
import { suite } from '../testing/suite.ts';

const test = suite('release-hold');
const { redis, time, another, close } = await openTestRedis();
const calls = callsOn(redis);
test.after(close);

const start = time.nowMs;
test.before.each(() => {
  time.nowMs = start;
});

test('a released hold gives all its tickets back at once', async () => {
  const saleId = await putSale(redis, { tickets: { std: 5, vip: 5 } });
  const hold = await calls.hold(saleId, { lines: linesOf({ std: 2, vip: 1 }) });

  const reply = await calls.release(saleId, hold);

  assert.equal(reply, { status: 'released', replayed: false });
  assert.equal(await stockOf(redis, saleId), { std: [5, 0, 0], vip: [5, 0, 0] });
  await assertLawful(redis, saleId);
});

test('a second release changes nothing and says that it is a repeat', async () => {
  const saleId = await putSale(redis);
  const hold = await calls.hold(saleId);
  await calls.release(saleId, hold);
  const before = await stateOf(redis, saleId);
  time.nowMs += 120_000;

  const reply = await calls.release(saleId, hold);

  assert.equal(reply, { status: 'released', replayed: true });
  assert.equal(await assertLawful(redis, saleId), before);
});

test('a hold that was never placed is unknown', async () => {
  const saleId = await putSale(redis);

  assert.equal(await calls.release(saleId, placing()), { status: 'unknown' });
});

test('nobody releases the hold of somebody else, not even one whose name begins alike', async () => {
  const saleId = await putSale(redis);
  const hold = await calls.hold(saleId, { buyerId: 'user-11' });
  const before = await stateOf(redis, saleId);

  const replies = [];
  for (const other of ['user-1', 'user-111', 'USER-11']) replies.push(await calls.release(saleId, hold, other));

  assert.equal(replies, Array(3).fill({ status: 'not_yours' }));
  assert.equal(await assertLawful(redis, saleId), before);
});

test('whose hold it is comes before what became of it', async () => {
  const saleId = await putSale(redis);
  const hold = await calls.sell(saleId);

  assert.equal(await calls.release(saleId, hold, 'bob'), { status: 'not_yours' });
});

test('an admin releases the hold of anybody', async () => {
  const saleId = await putSale(redis);
  const hold = await calls.hold(saleId);

  assert.equal(await calls.release(saleId, hold, null), { status: 'released', replayed: false });
  await assertLawful(redis, saleId);
});

test('what is sold stays sold', async () => {
  const saleId = await putSale(redis);
  const hold = await calls.sell(saleId);
  const before = await stateOf(redis, saleId);

  assert.equal(await calls.release(saleId, hold), { status: 'sold' });
  assert.equal(await calls.release(saleId, hold, null), { status: 'sold' });
  assert.equal(await assertLawful(redis, saleId), before);
});

test('a confirm under way is not disturbed', async () => {
  const saleId = await putSale(redis);
  const hold = await calls.hold(saleId);
  await calls.begin(saleId, hold);
  const before = await stateOf(redis, saleId);

  assert.equal(await calls.release(saleId, hold), { status: 'confirming' });
  assert.equal(await assertLawful(redis, saleId), before);
});

test('a hold that a sweep has expired is expired', async () => {
  const saleId = await putSale(redis);
  const hold = await calls.hold(saleId);
  time.nowMs += 60_000;
  await calls.expire(saleId);
  const before = await stateOf(redis, saleId);

  assert.equal(await calls.release(saleId, hold), { status: 'expired' });
  assert.equal(await assertLawful(redis, saleId), before);
});

test('a hold whose deadline has passed is expired by its release, to the millisecond', async () => {
  const saleId = await putSale(redis);
  const [late, justInTime] = [await calls.hold(saleId), await calls.hold(saleId)];
  time.nowMs += 59_999;

  const before = await calls.release(saleId, justInTime);
  time.nowMs += 1;
  const after = await calls.release(saleId, late);

  assert.equal(before, { status: 'released', replayed: false });
  assert.equal(after, { status: 'expired' });
  assert.equal(await stockOf(redis, saleId), { std: [10, 0, 0] });
  await assertLawful(redis, saleId);
});

test('a hold is remembered from its deadline on, longer when it was keyed', async () => {
  const saleId = await putSale(redis);
  const keyed = await calls.hold(saleId, { keyed: true });
  const unkeyed = await calls.hold(saleId);
  time.nowMs += 10_000;

  await calls.release(saleId, keyed);
  await calls.release(saleId, unkeyed);

  const { ended } = await assertLawful(redis, saleId);
  assert.is(ended.get(keyed.holdId), String(start + 60_000 + 86_400_000));
  assert.is(ended.get(unkeyed.holdId), String(start + 60_000 + 600_000));
});

test('a release gives back one hold of a buyer and leaves his others', async () => {
  const saleId = await putSale(redis);
  const holds = [await calls.hold(saleId), await calls.hold(saleId), await calls.hold(saleId)];
  const [first, middle, last] = holds.map((hold) => hold.holdId);

  await calls.release(saleId, holds[1] as (typeof holds)[number]);

  const { buyers } = await assertLawful(redis, saleId);
  assert.is(buyers.get('alice'), `2,0,${first},${last}`);
  assert.ok(middle);
});

test('release, expiry and void of one hold on two connections give its tickets back once', async () => {
  const saleId = await putSale(redis);
  const other = callsOn(await another());
  const hold = await calls.hold(saleId, { lines: linesOf({ std: 3 }) });
  await calls.hold(saleId, { buyerId: 'bob', lines: linesOf({ std: 2 }) });
  time.nowMs += 59_000;

  const replies = await Promise.all([
    ...[calls, other, calls, other].map((each) => each.release(saleId, hold)),
    ...[calls, other].map((each) => each.giveBack(saleId, hold)),
    ...[calls, other].map((each) => each.expire(saleId)),
  ]);

  assert.ok(replies.length === 8);
  assert.equal(await stockOf(redis, saleId), { std: [8, 2, 0] });
  await assertLawful(redis, saleId);
});

test('a token with other lines is of a promise that was forgotten, and gives nothing of the newer one back', async () => {
  const saleId = await putSale(redis);
  const hold = await calls.hold(saleId);
  const before = await stateOf(redis, saleId);

  const reply = await calls.release(saleId, { ...hold, lines: linesOf({ std: 2 }) });

  assert.equal(reply, { status: 'expired' });
  assert.equal(await assertLawful(redis, saleId), before);
  assert.is((await calls.release(saleId, hold, null)).status, 'released', 'an admin has no token');
});

import * as assert from 'uvu/assert';
import { callsOn } from '../testing/redis-calls.ts';
import { openTestRedis, putSale } from '../testing/redis-sale.ts';
import { assertLawful, holdOf, stateOf } from '../testing/redis-state.ts';
import { suite } from '../testing/suite.ts';
import { saleKeys } from './keys.ts';

const test = suite('forget-holds');
const { redis, time, another, close } = await openTestRedis();
const calls = callsOn(redis);
test.after(close);

const start = time.nowMs;
const [unkeyedOverMs, keyedOverMs] = [start + 60_000 + 600_000, start + 60_000 + 86_400_000];
test.before.each(() => {
  time.nowMs = start;
});

test('an ended hold is remembered until its time is over, to the millisecond', async () => {
  const saleId = await putSale(redis);
  const hold = await calls.hold(saleId);
  await calls.release(saleId, hold);

  time.nowMs = unkeyedOverMs - 1;
  const early = await calls.forget(saleId);
  const remembered = await holdOf(redis, saleId, hold.holdId);
  time.nowMs = unkeyedOverMs;
  const inTime = await calls.forget(saleId);

  assert.equal([early, inTime], [0, 1]);
  assert.is(remembered?.status, 'released');
  assert.is(await holdOf(redis, saleId, hold.holdId), null);
  await assertLawful(redis, saleId);
});

test('a keyed hold is remembered longer', async () => {
  const saleId = await putSale(redis);
  const hold = await calls.hold(saleId, { keyed: true });
  await calls.release(saleId, hold);

  time.nowMs = keyedOverMs - 1;
  const early = await calls.forget(saleId);
  time.nowMs = keyedOverMs;
  const inTime = await calls.forget(saleId);

  assert.equal([early, inTime], [0, 1]);
  await assertLawful(redis, saleId);
});

test('a live or sold hold is never dropped, not even when the index names it', async () => {
  const saleId = await putSale(redis);
  const held = await calls.hold(saleId);
  const confirming = await calls.hold(saleId);
  await calls.begin(saleId, confirming);
  const sold = await calls.sell(saleId);
  const before = await stateOf(redis, saleId);
  const ended = saleKeys(redis.keyPrefix, saleId)[5];
  for (const { holdId } of [held, confirming, sold]) await redis.client.zadd(ended, start, holdId);

  const dropped = await calls.forget(saleId);

  assert.is(dropped, 3);
  assert.equal(await assertLawful(redis, saleId), before);
});

test('a hold that was sold after it had ended is kept for ever', async () => {
  const saleId = await putSale(redis);
  const hold = await calls.hold(saleId);
  await calls.release(saleId, hold);
  await calls.finish(saleId, hold);
  time.nowMs = keyedOverMs;

  await calls.forget(saleId);

  assert.is((await holdOf(redis, saleId, hold.holdId))?.status, 'sold');
  await assertLawful(redis, saleId);
});

test('holds that ended together are forgotten together, but for one that was sold since', async () => {
  const saleId = await putSale(redis);
  const holds = [];
  for (let each = 0; each < 4; each++) holds.push(await calls.hold(saleId));
  time.nowMs = start + 60_000;
  await calls.expire(saleId);
  const sold = holds[1] as (typeof holds)[number];
  await calls.finish(saleId, sold);
  const lists = await redis.client.zcard(saleKeys(redis.keyPrefix, saleId)[5]);
  time.nowMs = unkeyedOverMs;

  await calls.forget(saleId, 2);

  assert.is(lists, 1);
  const { holds: left } = await assertLawful(redis, saleId);
  assert.equal([...left.keys()].sort(), ['#', sold.holdId].sort());
});

test('the sentinels are never dropped', async () => {
  const saleId = await putSale(redis);
  time.nowMs = keyedOverMs;

  assert.is(await calls.forget(saleId), 0);
  await assertLawful(redis, saleId);
});

test('a slice drops no more than it may, and many at once drop each hold once', async () => {
  const saleId = await putSale(redis);
  const other = callsOn(await another());
  for (let each = 0; each < 9; each++) await calls.release(saleId, await calls.hold(saleId));
  time.nowMs = unkeyedOverMs;

  const first = await calls.forget(saleId, 2);
  const rest = await Promise.all([calls, other, calls, other, calls].map((each) => each.forget(saleId, 2)));

  assert.is(first, 2);
  assert.is(
    rest.reduce((sum, dropped) => sum + dropped, 0),
    7,
  );
  const { holds } = await assertLawful(redis, saleId);
  assert.equal([...holds.keys()], ['#']);
});

import * as assert from 'uvu/assert';
import { callsOn, limits, placing } from '../testing/redis-calls.ts';
import { openTestRedis, putSale } from '../testing/redis-sale.ts';
import { assertLawful, holdOf, stateOf, stockOf } from '../testing/redis-state.ts';
import { suite } from '../testing/suite.ts';
import { abortConfirms } from './abort-confirms.ts';

const test = suite('abort-confirms');
const { redis, time, another, close } = await openTestRedis();
const calls = callsOn(redis);
test.after(close);

const start = time.nowMs;
const promisedMs = start + 60_000;
test.before.each(() => {
  time.nowMs = start;
});

test('the only attempt returns the hold to held, with the deadline that was promised', async () => {
  const saleId = await putSale(redis);
  const hold = await calls.hold(saleId);
  await calls.begin(saleId, hold);

  const reply = await calls.abort(saleId, hold);

  assert.is(reply, 'reopened');
  const known = await holdOf(redis, saleId, hold.holdId);
  assert.equal([known?.status, known?.deadlineMs, known?.attempts], ['held', promisedMs, '']);
  assert.equal(await stockOf(redis, saleId), { std: [9, 1, 0] });
  await assertLawful(redis, saleId);
});

test('of two open attempts only the last one returns the hold to held, in either order', async () => {
  for (const order of [
    ['a', 'b'],
    ['b', 'a'],
  ] as const) {
    const saleId = await putSale(redis);
    const hold = await calls.hold(saleId);
    await calls.begin(saleId, hold, 'a');
    await calls.begin(saleId, hold, 'b');

    const first = await calls.abort(saleId, hold, order[0]);
    const between = await holdOf(redis, saleId, hold.holdId);
    await assertLawful(redis, saleId);
    const last = await calls.abort(saleId, hold, order[1]);

    assert.equal([first, last], ['joined', 'reopened']);
    assert.equal([between?.status, between?.attempts], ['confirming', order[1]]);
    await assertLawful(redis, saleId);
  }
});

test('an abort that is repeated counts once', async () => {
  const saleId = await putSale(redis);
  const hold = await calls.hold(saleId);
  await calls.begin(saleId, hold, 'a');
  await calls.begin(saleId, hold, 'b');

  const first = await calls.abort(saleId, hold, 'a');
  const before = await stateOf(redis, saleId);
  const again = await calls.abort(saleId, hold, 'a');

  assert.equal([first, again], ['joined', 'ignored']);
  assert.equal(await assertLawful(redis, saleId), before);
});

test('an attempt that was never begun here takes nothing back, even where its name begins like another', async () => {
  const saleId = await putSale(redis);
  const hold = await calls.hold(saleId);
  await calls.begin(saleId, hold, 'attempt-12');
  const before = await stateOf(redis, saleId);

  assert.is(await calls.abort(saleId, hold, 'attempt-1'), 'ignored');
  assert.is(await calls.abort(saleId, hold, 'attempt-123'), 'ignored');
  assert.equal(await assertLawful(redis, saleId), before);
});

test('a failure of ours near the deadline gives the buyer time to try again', async () => {
  const saleId = await putSale(redis);
  const hold = await calls.hold(saleId);
  time.nowMs = promisedMs - 1;
  await calls.begin(saleId, hold);
  time.nowMs = promisedMs + 500;

  await calls.abort(saleId, hold);

  const known = await holdOf(redis, saleId, hold.holdId);
  assert.equal([known?.deadlineMs, known?.expiresAtMs], [promisedMs + 500 + limits.abort.graceMs, promisedMs]);
  assert.is((await calls.begin(saleId, hold, 'attempt-2')).status, 'begun');
  await assertLawful(redis, saleId);
});

test('however often it fails, the grace ends a while after the promised deadline', async () => {
  const saleId = await putSale(redis);
  const hold = await calls.hold(saleId);
  const deadlines = [];
  time.nowMs = promisedMs - 1;

  for (let attempt = 0; attempt < 9; attempt++) {
    await calls.begin(saleId, hold, `attempt-${attempt}`);
    await calls.abort(saleId, hold, `attempt-${attempt}`);
    const known = await holdOf(redis, saleId, hold.holdId);
    deadlines.push((known?.deadlineMs ?? 0) - promisedMs);
    time.nowMs += 9000;
  }

  assert.equal(deadlines, [9999, 18_999, 27_999, 36_999, 45_999, 54_999, 60_000, 60_000, 60_000]);
  assert.is((await holdOf(redis, saleId, hold.holdId))?.status, 'expired');
  await assertLawful(redis, saleId);
});

test('an abort after the end of all grace leaves a hold that has lapsed, for the sweep', async () => {
  const saleId = await putSale(redis);
  const hold = await calls.hold(saleId);
  await calls.begin(saleId, hold);
  time.nowMs = promisedMs + limits.abort.graceMaxMs + 1;

  const reply = await calls.abort(saleId, hold);
  await assertLawful(redis, saleId);
  const swept = await calls.expire(saleId);

  assert.is(reply, 'reopened');
  assert.is(swept.holds, 1);
  await assertLawful(redis, saleId);
});

test('an attempt of another epoch takes nothing back', async () => {
  const saleId = await putSale(redis, { epoch: 2 });
  const hold = await calls.hold(saleId);
  await calls.begin(saleId, hold);
  const before = await stateOf(redis, saleId);

  assert.is(await calls.abort(saleId, hold, 'attempt-1', 1), 'ignored');
  assert.is(await calls.abort(saleId, hold, 'attempt-1', 3), 'ignored');
  assert.equal(await assertLawful(redis, saleId), before);
});

test('what is not confirming is left as it is', async () => {
  const saleId = await putSale(redis);
  const released = await calls.hold(saleId);
  await calls.release(saleId, released);
  const holds = [await calls.hold(saleId), await calls.sell(saleId), released, placing()];
  const before = await stateOf(redis, saleId);

  const replies = [];
  for (const hold of holds) replies.push(await calls.abort(saleId, hold));

  assert.equal(replies, Array(4).fill('ignored'));
  assert.equal(await assertLawful(redis, saleId), before);
});

test('items of one batch are decided one after the other', async () => {
  const saleId = await putSale(redis);
  const hold = await calls.hold(saleId);
  await calls.begin(saleId, hold, 'a');
  await calls.begin(saleId, hold, 'b');
  const items = ['a', 'a', 'b', 'b'].map((attemptId) => ({ holdId: hold.holdId, epoch: 1, attemptId }));

  const replies = await abortConfirms(redis, { saleId, items, options: limits.abort });

  assert.equal(replies, ['joined', 'ignored', 'reopened', 'ignored']);
  await assertLawful(redis, saleId);
});

test('fifty attempts that begin and fail on two connections leave a held hold', async () => {
  const saleId = await putSale(redis);
  const other = callsOn(await another());
  const hold = await calls.hold(saleId);

  await Promise.all(
    Array.from({ length: 50 }, async (_, index) => {
      const each = index % 2 ? calls : other;
      await each.begin(saleId, hold, `attempt-${index}-`);
      await each.abort(saleId, hold, `attempt-${index}-`);
    }),
  );

  assert.is((await holdOf(redis, saleId, hold.holdId))?.status, 'held');
  assert.equal(await stockOf(redis, saleId), { std: [9, 1, 0] });
  await assertLawful(redis, saleId);
});

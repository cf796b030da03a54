import * as assert from 'uvu/assert';
import { callsOn, limits, placing } from '../testing/redis-calls.ts';
import { linesOf, openTestRedis, putSale } from '../testing/redis-sale.ts';
import { assertLawful, holdOf, stateOf, stockOf } from '../testing/redis-state.ts';
import { suite } from '../testing/suite.ts';
import { beginConfirms } from './begin-confirms.ts';
import { freezeConfirms } from './freeze-confirms.ts';

const test = suite('begin-confirms');
const { redis, time, another, close } = await openTestRedis();
const calls = callsOn(redis);
test.after(close);

const start = time.nowMs;
test.before.each(() => {
  time.nowMs = start;
});

test('a begun hold is confirming under the epoch of the sale, has a lease and is no longer due', async () => {
  const saleId = await putSale(redis, { epoch: 7 });
  const hold = await calls.hold(saleId);
  time.nowMs += 1000;

  const reply = await calls.begin(saleId, hold);

  assert.equal(reply, { status: 'begun', epoch: 7 });
  const known = await holdOf(redis, saleId, hold.holdId);
  assert.equal([known?.status, known?.epoch, known?.attempts], ['confirming', 7, 'attempt-1']);
  assert.equal(await stockOf(redis, saleId), { std: [9, 1, 0] });
  const { leases } = await assertLawful(redis, saleId);
  assert.is(leases.get(hold.holdId), String(start + 1000 + 5000));
});

test('an attempt that begins again is the same attempt', async () => {
  const saleId = await putSale(redis);
  const hold = await calls.hold(saleId);
  await calls.begin(saleId, hold);
  const before = await stateOf(redis, saleId);

  const reply = await calls.begin(saleId, hold);

  assert.equal(reply, { status: 'begun', epoch: 1 });
  assert.equal(await assertLawful(redis, saleId), before);
});

test('another confirm joins as one more attempt, and the lease only ever grows', async () => {
  const saleId = await putSale(redis);
  const hold = await calls.hold(saleId);
  await calls.begin(saleId, hold, 'attempt-1');
  time.nowMs += 1000;
  const shorter = { ...limits.begin, ...limits.memory, leaseMs: 1 };

  const joined = await calls.begin(saleId, hold, 'attempt-2');
  await beginConfirms(redis, { saleId, items: [{ ...hold, attemptId: 'attempt-3' }], options: shorter });

  assert.equal(joined, { status: 'begun', epoch: 1 });
  assert.is((await holdOf(redis, saleId, hold.holdId))?.attempts, 'attempt-1,attempt-2,attempt-3');
  const { leases } = await assertLawful(redis, saleId);
  assert.is(leases.get(hold.holdId), String(start + 1000 + 5000));
});

test('an id that is not remembered is unknown', async () => {
  const saleId = await putSale(redis);

  assert.equal(await calls.begin(saleId, placing()), { status: 'unknown' });
});

test('nobody begins the hold of somebody else, and that is told before what became of it', async () => {
  const saleId = await putSale(redis);
  const [held, sold] = [await calls.hold(saleId), await calls.sell(saleId)];
  const before = await stateOf(redis, saleId);

  const replies = [];
  for (const hold of [held, sold]) replies.push(await calls.begin(saleId, { ...hold, buyerId: 'alic' }));

  assert.equal(replies, [{ status: 'not_yours' }, { status: 'not_yours' }]);
  assert.equal(await assertLawful(redis, saleId), before);
});

test('what is sold, released or expired says so and stays it', async () => {
  const saleId = await putSale(redis);
  const lapsed = await calls.hold(saleId);
  time.nowMs += 60_000;
  await calls.expire(saleId);
  const holds = [await calls.sell(saleId), await calls.hold(saleId), lapsed];
  await calls.release(saleId, holds[1] as (typeof holds)[number]);
  const before = await stateOf(redis, saleId);

  const replies = [];
  for (const hold of holds) replies.push(await calls.begin(saleId, hold));

  assert.equal(replies, [{ status: 'sold' }, { status: 'released' }, { status: 'expired' }]);
  assert.equal(await assertLawful(redis, saleId), before);
});

test("an outcome that a rebuild read back without a buyer is everybody's with the token", async () => {
  const hold = placing();
  const times = { placedAtMs: start, expiresAtMs: start, deadlineMs: start, forgetAtMs: start + 1000 };
  const past = {
    ...hold,
    ...times,
    saleId: '',
    buyerId: '',
    lines: [],
    status: 'expired' as const,
    epoch: 1,
    attempts: '',
  };
  const saleId = await putSale(redis, { holds: [past] });

  assert.equal(await calls.begin(saleId, hold), { status: 'expired' });
  await assertLawful(redis, saleId);
});

test('a hold whose deadline has passed is expired, swept or not, and gives its tickets back', async () => {
  const saleId = await putSale(redis);
  const [late, justInTime] = [await calls.hold(saleId), await calls.hold(saleId, { buyerId: 'bob' })];

  time.nowMs += 59_999;
  const before = await calls.begin(saleId, justInTime);
  time.nowMs += 1;
  const after = await calls.begin(saleId, late);

  assert.is(before.status, 'begun');
  assert.equal(after, { status: 'expired' });
  assert.equal(await stockOf(redis, saleId), { std: [9, 1, 0] });
  const { buyers } = await assertLawful(redis, saleId);
  assert.not(buyers.has('alice'));
});

test('a confirming hold may be joined after its deadline until no grace is left; then only MySQL ends it', async () => {
  const saleId = await putSale(redis);
  const hold = await calls.hold(saleId);
  await calls.begin(saleId, hold);
  const lastMs = start + 60_000 + limits.begin.graceMaxMs;

  time.nowMs = lastMs - 1;
  const inTime = await calls.begin(saleId, hold, 'attempt-2');
  time.nowMs = lastMs;
  const tooLate = await calls.begin(saleId, hold, 'attempt-3');

  assert.is(inTime.status, 'begun');
  assert.equal(tooLate, { status: 'overdue', epoch: 1 });
  const known = await holdOf(redis, saleId, hold.holdId);
  assert.equal([known?.status, known?.attempts], ['confirming', 'attempt-1,attempt-2']);
  await assertLawful(redis, saleId);
});

test('a token with other lines is of a promise that was forgotten, and begins nothing of the newer one', async () => {
  const saleId = await putSale(redis);
  const hold = await calls.hold(saleId);
  const before = await stateOf(redis, saleId);

  const reply = await calls.begin(saleId, { ...hold, lines: linesOf({ std: 2 }) });

  assert.equal(reply, { status: 'expired' });
  assert.equal(await assertLawful(redis, saleId), before);
});

test('while a resync counts nothing begins, and each caller learns how long to wait', async () => {
  const saleId = await putSale(redis);
  const holds = [await calls.hold(saleId), await calls.hold(saleId)];
  await freezeConfirms(redis, { saleId, freezeMs: 250 });
  const before = await stateOf(redis, saleId);
  const items = holds.map((hold) => ({ ...hold, attemptId: 'attempt-1' }));
  const options = { ...limits.begin, ...limits.memory };

  time.nowMs += 100;
  const frozen = await beginConfirms(redis, { saleId, items, options });
  const untouched = await assertLawful(redis, saleId);
  time.nowMs += 150;
  const thawed = await beginConfirms(redis, { saleId, items, options });

  assert.equal(frozen, Array(2).fill({ status: 'frozen', remainingMs: 150 }));
  assert.equal(untouched, before);
  assert.equal(thawed, Array(2).fill({ status: 'begun', epoch: 1 }));
});

test('items of one batch get their own answers in their order', async () => {
  const saleId = await putSale(redis);
  const [held, released] = [await calls.hold(saleId), await calls.hold(saleId)];
  await calls.release(saleId, released);
  const items = [placing(), held, released, held].map((hold, index) => ({ ...hold, attemptId: `attempt-${index}` }));

  const replies = await beginConfirms(redis, { saleId, items, options: { ...limits.begin, ...limits.memory } });

  assert.equal(
    replies.map((reply) => reply.status),
    ['unknown', 'begun', 'released', 'begun'],
  );
  assert.is((await holdOf(redis, saleId, held.holdId))?.attempts, 'attempt-1,attempt-3');
  await assertLawful(redis, saleId);
});

test('begins, releases and sweeps of one hold on two connections leave one of its ends', async () => {
  const other = callsOn(await another());
  for (let round = 0; round < 10; round++) {
    const saleId = await putSale(redis);
    const hold = await calls.hold(saleId);

    const [begun, joined, released] = await Promise.all([
      calls.begin(saleId, hold, 'attempt-1'),
      other.begin(saleId, hold, 'attempt-2'),
      other.release(saleId, hold),
      calls.expire(saleId),
    ]);

    assert.is(begun.status === 'begun' || joined.status === 'begun', released.status === 'confirming');
    await assertLawful(redis, saleId);
  }
});

import * as assert from 'uvu/assert';
import { callsOn } from '../testing/redis-calls.ts';
import { openTestRedis, putSale } from '../testing/redis-sale.ts';
import { assertLawful, stateOf } from '../testing/redis-state.ts';
import { suite } from '../testing/suite.ts';
import { saleKeys } from './keys.ts';
import { listOrphans } from './list-orphans.ts';

const test = suite('list-orphans');
const { redis, time, another, close } = await openTestRedis();
const calls = callsOn(redis);
test.after(close);

const start = time.nowMs;
const leaseOverMs = start + 5000;
test.before.each(() => {
  time.nowMs = start;
});

const orphans = (saleId: string, holdsMax = 100) => listOrphans(redis, { saleId, holdsMax, againMs: 1000 });

/** A hold in the middle of its confirm. */
async function confirming(saleId: string) {
  const hold = await calls.hold(saleId);
  await calls.begin(saleId, hold);
  return hold;
}

test('a confirm under way is no orphan until its lease is over, to the millisecond', async () => {
  const saleId = await putSale(redis);
  const hold = await confirming(saleId);
  time.nowMs = leaseOverMs - 1;

  const early = await orphans(saleId);
  time.nowMs = leaseOverMs;
  const late = await orphans(saleId);

  assert.equal(early, { nowMs: leaseOverMs - 1, holds: [] });
  assert.is(late.nowMs, leaseOverMs);
  assert.equal(
    late.holds.map(({ holdId, buyerId, status, lines }) => ({ holdId, buyerId, status, lines })),
    [{ holdId: hold.holdId, buyerId: 'alice', status: 'confirming', lines: hold.lines }],
  );
});

test('one that was named is named again only after a while, so that it does not hide the others', async () => {
  const saleId = await putSale(redis);
  const first = await confirming(saleId);
  time.nowMs += 1;
  const second = await confirming(saleId);
  time.nowMs = leaseOverMs + 1;

  const named = [];
  for (const afterMs of [0, 1, 0, 998, 1]) {
    time.nowMs += afterMs;
    named.push((await orphans(saleId, 1)).holds.map((hold) => hold.holdId));
  }

  assert.equal(named, [[first.holdId], [second.holdId], [], [], [first.holdId]]);
});

test('naming orphans changes no hold and no count', async () => {
  const saleId = await putSale(redis);
  const hold = await confirming(saleId);
  const before = await stateOf(redis, saleId);
  time.nowMs = leaseOverMs;

  await orphans(saleId);

  const after = await assertLawful(redis, saleId);
  assert.equal({ ...after, leases: null }, { ...before, leases: null });
  assert.is(after.leases.get(hold.holdId), String(leaseOverMs + 1000));
});

test('held, sold and ended holds are no orphans', async () => {
  const saleId = await putSale(redis);
  await calls.hold(saleId);
  await calls.sell(saleId);
  await calls.release(saleId, await calls.hold(saleId));
  await calls.abort(saleId, await confirming(saleId));
  time.nowMs += 86_400_000;

  assert.equal((await orphans(saleId)).holds, []);
});

test('an entry without a hold is dropped', async () => {
  const saleId = await putSale(redis);
  const leases = saleKeys(redis.keyPrefix, saleId)[3];
  await redis.client.zadd(leases, start, 'nobody');

  const reply = await orphans(saleId);

  assert.equal(reply.holds, []);
  await assertLawful(redis, saleId);
});

test('two recoveries at once share the orphans between them', async () => {
  const saleId = await putSale(redis);
  const other = await another();
  const holds = [await confirming(saleId), await confirming(saleId), await confirming(saleId)];
  time.nowMs = leaseOverMs;

  const replies = await Promise.all(
    [redis, other, redis, other].map((each) => listOrphans(each, { saleId, holdsMax: 2, againMs: 1000 })),
  );

  const named = replies.flatMap((reply) => reply.holds.map((hold) => hold.holdId));
  assert.equal(named.sort(), holds.map((hold) => hold.holdId).sort());
});

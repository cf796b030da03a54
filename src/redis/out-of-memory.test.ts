import * as assert from 'uvu/assert';
import { startPrivateRedis } from '../../scripts/stores/redis.ts';
import { UnavailableError } from '../domain/errors.ts';
import { callsOn, placing } from '../testing/redis-calls.ts';
import { decisionsMax, openTestRedis, putSale, saleOf } from '../testing/redis-sale.ts';
import { assertLawful, holdOf, stateOf, stockOf } from '../testing/redis-state.ts';
import { suite } from '../testing/suite.ts';
import { failureOf } from '../testing/until.ts';
import { applySale } from './apply-sale.ts';
import { freezeConfirms } from './freeze-confirms.ts';
import { listOrphans } from './list-orphans.ts';
import { readLiveSale } from './read-live-sale.ts';
import { resyncSale } from './resync-sale.ts';
import { suspendSale } from './suspend-sale.ts';
import { withdrawStock } from './withdraw-stock.ts';

const test = suite('a Redis whose memory is full');
const server = await startPrivateRedis();
const { redis, time, close } = await openTestRedis(server.url);
const calls = callsOn(redis);

const start = time.nowMs;
const setMemoryMax = (bytes: number) => redis.client.config('SET', 'maxmemory', bytes);
test.before.each(async () => {
  time.nowMs = start;
  await setMemoryMax(0);
});
test.after(async () => {
  await setMemoryMax(0);
  await close();
  await server.stop();
});

/** A sale with one hold in each of its states that can be left, after which not a byte is free. */
async function fullSale() {
  const saleId = await putSale(redis);
  const [held, confirming, released] = [await calls.hold(saleId), await calls.hold(saleId), await calls.hold(saleId)];
  await calls.begin(saleId, confirming);
  await calls.release(saleId, released);
  await setMemoryMax(1);
  return { saleId, held, confirming, released };
}

test('a place is refused as unavailable, which may be tried again, and changes nothing', async () => {
  const { saleId } = await fullSale();
  const before = await stateOf(redis, saleId);
  const hold = placing({ buyerId: 'bob' });

  const error = await failureOf(() => calls.place(saleId, hold));

  assert.instance(error, UnavailableError);
  assert.match(String((error as UnavailableError).cause), 'OOM');
  assert.equal(await assertLawful(redis, saleId), before);
  await setMemoryMax(0);
  assert.is((await calls.place(saleId, hold)).status, 'placed');
});

test('what must be read at one moment cannot be read, which may be tried again', async () => {
  const { saleId } = await fullSale();

  const error = await failureOf(() => readLiveSale(redis, saleId, 10));

  assert.instance(error, UnavailableError);
});

test('a hold is released', async () => {
  const { saleId, held } = await fullSale();

  assert.is((await calls.release(saleId, held)).status, 'released');
  assert.equal(await stockOf(redis, saleId), { std: [9, 1, 0] });
  await assertLawful(redis, saleId);
});

test('holds expire and are forgotten', async () => {
  const { saleId, released } = await fullSale();
  time.nowMs += 86_400_000;

  const expired = await calls.expire(saleId);
  const forgotten = await calls.forget(saleId);

  assert.is(expired.holds, 1);
  assert.is(forgotten, 1);
  assert.is(await holdOf(redis, saleId, released.holdId), null);
  await assertLawful(redis, saleId);
});

test('a confirm begins, fails and is held again', async () => {
  const { saleId, held } = await fullSale();

  assert.is((await calls.begin(saleId, held)).status, 'begun');
  assert.is(await calls.abort(saleId, held), 'reopened');
  await assertLawful(redis, saleId);
});

test('a committed order is sold', async () => {
  const { saleId, confirming, released } = await fullSale();

  assert.is(await calls.finish(saleId, confirming), 'sold');
  assert.is(await calls.finish(saleId, released), 'debited');
  assert.equal(await stockOf(redis, saleId), { std: [7, 1, 2] });
  await assertLawful(redis, saleId);
});

test('an orphaned confirm is found and given back', async () => {
  const { saleId, confirming } = await fullSale();
  time.nowMs += 30_000;

  const orphans = await listOrphans(redis, { saleId, holdsMax: 10, againMs: 1000 });
  const reply = await calls.giveBack(saleId, confirming);

  assert.equal(
    orphans.holds.map((hold) => hold.holdId),
    [confirming.holdId],
  );
  assert.is(reply, 'given_back');
  await assertLawful(redis, saleId);
});

test('an admin still pauses, withdraws, resyncs and suspends', async () => {
  const { saleId, confirming } = await fullSale();
  const sale = saleOf({ saleId, version: 2, paused: true });
  const operation = { saleId, operationId: 'operation-1', ticketTypeId: 'std', quantity: 1 };

  assert.is(await applySale(redis, { sale, decisionsMax }), 'applied');
  assert.equal(await withdrawStock(redis, operation), { status: 'withdrawn' });
  const { epoch, finishes } = await freezeConfirms(redis, { saleId, freezeMs: 250 });
  const resynced = await resyncSale(redis, {
    ...{ saleId, epoch, finishes, apply: true, recountMax: 10, committedHoldIds: [confirming.holdId] },
    ticketTypes: [{ ticketTypeId: 'std', capacity: 9, sold: 1 }],
  });
  assert.is(resynced.status, 'ok');
  await assertLawful(redis, saleId);
  assert.equal(await suspendSale(redis, { saleId, newEpoch: 2 }), { status: 'suspended', epoch: 1 });
});

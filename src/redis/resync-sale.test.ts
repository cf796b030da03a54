import * as assert from 'uvu/assert';
import { callsOn } from '../testing/redis-calls.ts';
import { linesOf, openTestRedis, putSale } from '../testing/redis-sale.ts';
import { assertLawful, holdOf, stateOf, stockOf } from '../testing/redis-state.ts';
import { suite } from '../testing/suite.ts';
import { freezeConfirms } from './freeze-confirms.ts';
import { saleKey } from './keys.ts';
import { type ResyncInput, resyncSale } from './resync-sale.ts';

const test = suite('freeze-confirms and resync-sale');
const { redis, time, another, close } = await openTestRedis();
const calls = callsOn(redis);
test.after(close);

const start = time.nowMs;
test.before.each(() => {
  time.nowMs = start;
});

/** Freezes and resyncs with what MySQL would say: ten tickets of `std`, none sold. */
async function resync(saleId: string, input: Partial<ResyncInput> = {}) {
  const { epoch, finishes } = await freezeConfirms(redis, { saleId, freezeMs: 250 });
  return resyncSale(redis, {
    ...{ saleId, epoch, finishes, apply: true, recountMax: 100, committedHoldIds: [] },
    ticketTypes: [{ ticketTypeId: 'std', capacity: 10, sold: 0 }],
    ...input,
  });
}

/** Sets counts of `std` wrong, as an unknown accident would. */
function spoil(saleId: string, counts: Record<string, number>) {
  const fields = Object.entries(counts).map(([name, count]) => [`${name}:std`, count] as const);
  return redis.client.hset(saleKey(redis.keyPrefix, saleId), Object.fromEntries(fields));
}

test('a freeze hands out epoch and finish counter, changes no count, and lapses or is lifted', async () => {
  const saleId = await putSale(redis, { epoch: 4 });
  await calls.sell(saleId);
  const hold = await calls.hold(saleId);

  const reply = await freezeConfirms(redis, { saleId, freezeMs: 250 });
  const frozen = await calls.begin(saleId, hold);
  await freezeConfirms(redis, { saleId, freezeMs: 0 });
  const lifted = await calls.begin(saleId, hold);

  assert.equal(reply, { epoch: 4, finishes: 1 });
  assert.equal(frozen, { status: 'frozen', remainingMs: 250 });
  assert.is(lifted.status, 'begun');
  await assertLawful(redis, saleId);
});

test('while begins are frozen, reserves, finishes, aborts and releases go on', async () => {
  const saleId = await putSale(redis);
  const [finished, aborted, released] = [await calls.hold(saleId), await calls.hold(saleId), await calls.hold(saleId)];
  for (const hold of [finished, aborted]) await calls.begin(saleId, hold);

  await freezeConfirms(redis, { saleId, freezeMs: 250 });

  assert.is(await calls.finish(saleId, finished), 'sold');
  assert.is(await calls.abort(saleId, aborted), 'reopened');
  assert.is((await calls.release(saleId, released)).status, 'released');
  await calls.hold(saleId);
  await assertLawful(redis, saleId);
});

test('a sale that is right stays as it is, and a resync may be repeated', async () => {
  const saleId = await putSale(redis);
  await calls.hold(saleId, { lines: linesOf({ std: 2 }) });
  await calls.begin(saleId, await calls.hold(saleId, { buyerId: 'bob' }));
  await freezeConfirms(redis, { saleId, freezeMs: 250 });
  const before = await stateOf(redis, saleId);

  const replies = [await resync(saleId), await resync(saleId)];

  const counts = { available: 7, held: 3, sold: 0 };
  const row = { ticketTypeId: 'std', before: counts, after: counts };
  assert.equal(replies, Array(2).fill({ status: 'ok', ticketTypes: [row] }));
  assert.equal(await assertLawful(redis, saleId), before);
});

test('counts that have gone wrong are right afterwards, zero stock included', async () => {
  const saleId = await putSale(redis, { tickets: { std: 2 } });
  await calls.hold(saleId);
  await calls.sell(saleId, { buyerId: 'bob' });
  await spoil(saleId, { available: 9, held: 4, sold: 7, capacity: 5 });

  const reply = await resync(saleId, { ticketTypes: [{ ticketTypeId: 'std', capacity: 2, sold: 1 }] });

  assert.equal(reply, {
    status: 'ok',
    ticketTypes: [
      {
        ticketTypeId: 'std',
        before: { available: 9, held: 4, sold: 7 },
        after: { available: 0, held: 1, sold: 1 },
      },
    ],
  });
  assert.equal(await stockOf(redis, saleId), { std: [0, 1, 1] });
  await assertLawful(redis, saleId, { isTampered: true });
});

test('live holds are never sold a second time: available is what remains after them', async () => {
  const saleId = await putSale(redis, { tickets: { std: 10, vip: 4 } });
  await calls.hold(saleId, { lines: linesOf({ std: 1, vip: 2 }) });
  await calls.begin(saleId, await calls.hold(saleId, { buyerId: 'bob', lines: linesOf({ std: 1, vip: 1 }) }));
  const ticketTypes = [
    { ticketTypeId: 'std', capacity: 12, sold: 5 },
    { ticketTypeId: 'vip', capacity: 2, sold: 0 },
  ];

  await resync(saleId, { ticketTypes });

  assert.equal(await stockOf(redis, saleId), { std: [5, 2, 5], vip: [-1, 3, 0] });
  await assertLawful(redis, saleId, { sold: { std: 5 } });
});

test('a lapsed hold that nobody has swept counts as held until it is', async () => {
  const saleId = await putSale(redis);
  await calls.hold(saleId);
  time.nowMs += 60_000;

  await resync(saleId);
  await assertLawful(redis, saleId);
  await calls.expire(saleId);

  assert.equal(await stockOf(redis, saleId), { std: [10, 0, 0] });
  await assertLawful(redis, saleId);
});

test('a committed confirm becomes sold, and its finish finds it done', async () => {
  const saleId = await putSale(redis);
  const hold = await calls.hold(saleId, { lines: linesOf({ std: 2 }) });
  const open = await calls.hold(saleId);
  for (const each of [hold, open]) await calls.begin(saleId, each);

  const ticketTypes = [{ ticketTypeId: 'std', capacity: 10, sold: 2 }];
  await resync(saleId, { ticketTypes, committedHoldIds: [hold.holdId] });

  assert.is((await holdOf(redis, saleId, hold.holdId))?.status, 'sold');
  assert.equal(await stockOf(redis, saleId), { std: [7, 1, 2] });
  const { sale, buyers } = await assertLawful(redis, saleId);
  assert.is(buyers.get('alice'), `1,2,${open.holdId}`);
  assert.is(sale.get('finishes'), '1');
  assert.is(await calls.finish(saleId, hold), 'already');
  await assertLawful(redis, saleId);
});

test('only confirming holds are made sold by the snapshot', async () => {
  const saleId = await putSale(redis);
  const released = await calls.hold(saleId);
  await calls.release(saleId, released);
  const held = await calls.hold(saleId);

  await resync(saleId, { committedHoldIds: [released.holdId, held.holdId, 'nobody'] });

  assert.equal(
    [(await holdOf(redis, saleId, released.holdId))?.status, (await holdOf(redis, saleId, held.holdId))?.status],
    ['released', 'held'],
  );
  await assertLawful(redis, saleId);
});

test('a confirm that finished since the freeze moves the resync, which changes nothing then', async () => {
  const saleId = await putSale(redis);
  const hold = await calls.hold(saleId);
  await calls.begin(saleId, hold);
  const { epoch, finishes } = await freezeConfirms(redis, { saleId, freezeMs: 250 });
  await calls.finish(saleId, hold);
  const before = await stateOf(redis, saleId);

  const reply = await resync(saleId, { epoch, finishes });

  assert.equal(reply, { status: 'moved' });
  assert.equal(await assertLawful(redis, saleId), before);
});

test('a sale that was rebuilt since the freeze moves the resync', async () => {
  const saleId = await putSale(redis);
  const { epoch, finishes } = await freezeConfirms(redis, { saleId, freezeMs: 250 });
  await putSale(redis, { saleId, epoch: 2 });

  assert.equal(await resync(saleId, { epoch, finishes }), { status: 'moved' });
});

test('a dry run tells what would be and changes nothing', async () => {
  const saleId = await putSale(redis);
  const hold = await calls.hold(saleId, { lines: linesOf({ std: 2 }) });
  await calls.begin(saleId, hold);
  await spoil(saleId, { available: 3 });
  await freezeConfirms(redis, { saleId, freezeMs: 250 });
  const before = await stateOf(redis, saleId);

  const ticketTypes = [{ ticketTypeId: 'std', capacity: 11, sold: 2 }];
  const reply = await resync(saleId, { apply: false, ticketTypes, committedHoldIds: [hold.holdId] });

  assert.equal(reply, {
    status: 'ok',
    ticketTypes: [
      {
        ticketTypeId: 'std',
        before: { available: 3, held: 2, sold: 0 },
        after: { available: 9, held: 0, sold: 2 },
      },
    ],
  });
  assert.equal(await stateOf(redis, saleId), before);
});

test('with too many live holds to count, held is believed and the rest is set right', async () => {
  const saleId = await putSale(redis);
  for (let each = 0; each < 3; each++) await calls.hold(saleId);
  await spoil(saleId, { held: 4, available: 1 });

  await resync(saleId, { recountMax: 2 });
  const believed = await stockOf(redis, saleId);
  await resync(saleId, { recountMax: 3 });

  assert.equal(believed, { std: [6, 4, 0] });
  assert.equal(await stockOf(redis, saleId), { std: [7, 3, 0] });
  await assertLawful(redis, saleId, { isTampered: true });
});

test('reserves, releases and resyncs at once on two connections lose and invent no ticket', async () => {
  const saleId = await putSale(redis, { tickets: { std: 100 } });
  const other = callsOn(await another());
  const ticketTypes = [{ ticketTypeId: 'std', capacity: 100, sold: 0 }];

  await Promise.all(
    Array.from({ length: 60 }, async (_, index) => {
      const hold = await (index % 2 ? calls : other).hold(saleId, { buyerId: `buyer-${index}` });
      if (index % 6 === 0) await resync(saleId, { ticketTypes });
      if (index % 3 === 0) await other.release(saleId, hold);
    }),
  );

  assert.equal(await stockOf(redis, saleId), { std: [60, 40, 0] });
  await assertLawful(redis, saleId);
});

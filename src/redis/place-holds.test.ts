import * as assert from 'uvu/assert';
import { callsOn, placing } from '../testing/redis-calls.ts';
import { linesOf, openTestRedis, putSale, type SaleSetting } from '../testing/redis-sale.ts';
import { assertLawful, stateOf, stockOf } from '../testing/redis-state.ts';
import { suite } from '../testing/suite.ts';

const test = suite('place-holds: gate, limits and replays');
const { redis, time, close } = await openTestRedis();
const calls = callsOn(redis);
test.after(close);

const start = time.nowMs;
test.before.each(() => {
  time.nowMs = start;
});

/** Tries one ticket on a sale like this and insists that nothing but the answer came of it. */
async function refusal(setting: SaleSetting, item: Parameters<typeof placing>[0] = {}) {
  const saleId = await putSale(redis, setting);
  const before = await stateOf(redis, saleId);
  const reply = await calls.place(saleId, placing(item));
  assert.equal(await assertLawful(redis, saleId), before, 'a refusal stores nothing');
  return reply;
}

test('a placed hold takes its tickets and stands in the expiry index with its deadline', async () => {
  const saleId = await putSale(redis, { tickets: { std: 10, vip: 5 } });
  const hold = placing({ lines: linesOf({ std: 2, vip: 1 }), keyed: true });

  const reply = await calls.place(saleId, hold);

  const deadlineMs = start + 60_000;
  assert.equal(reply, { status: 'placed', placedAtMs: start, deadlineMs, openedBucket: true });
  assert.equal(await stockOf(redis, saleId), { std: [8, 2, 0], vip: [4, 1, 0] });
  const { due, buyers } = await assertLawful(redis, saleId);
  assert.is(due.get(hold.holdId), String(deadlineMs));
  assert.is(buyers.get('alice'), `3,0,${hold.holdId}`);
});

test('only the first hold of an expiry bucket says that it opened it', async () => {
  const saleId = await putSale(redis);
  const opened = [];

  for (const afterMs of [0, 100, 249, 250]) {
    time.nowMs = start + afterMs;
    opened.push(await calls.place(saleId, placing({ buyerId: `buyer-${afterMs}` })));
  }

  assert.equal(
    opened.map((reply) => reply.status === 'placed' && reply.openedBucket),
    [true, false, false, true],
  );
});

test('a repeat under the same id changes nothing and gives the hold as it stands', async () => {
  const saleId = await putSale(redis);
  const hold = await calls.hold(saleId, { keyed: true });
  const before = await stateOf(redis, saleId);
  time.nowMs += 1000;

  const reply = await calls.place(saleId, hold);

  assert.is(reply.status, 'exists');
  if (reply.status !== 'exists') return;
  assert.is(reply.nowMs, start + 1000);
  assert.equal(reply.hold, {
    ...{ holdId: hold.holdId, saleId, buyerId: 'alice', lines: hold.lines, status: 'held' },
    ...{ placedAtMs: start, expiresAtMs: start + 60_000, deadlineMs: start + 60_000 },
    ...{ keyed: true, epoch: 0, attempts: '' },
  });
  assert.equal(await assertLawful(redis, saleId), before);
});

test('a replay is answered before the gate, the limit and the stock', async () => {
  const saleId = await putSale(redis, { tickets: { std: 1 }, buyerTicketsMax: 1, closesAtMs: start + 1000 });
  const hold = await calls.hold(saleId);
  time.nowMs = start + 1000;

  const replay = await calls.place(saleId, hold);
  const other = await calls.place(saleId, placing());

  assert.is(replay.status, 'exists');
  assert.is(other.status, 'sale_closed');
});

test('a hold that has ended is known under its id: it never lives twice', async () => {
  const saleId = await putSale(redis);
  const released = await calls.hold(saleId);
  const expired = await calls.hold(saleId);
  const sold = await calls.sell(saleId);
  await calls.release(saleId, released);
  time.nowMs += 60_000;
  await calls.expire(saleId);

  const replies = await calls.placeAll(saleId, [released, expired, sold]);

  assert.equal(
    replies.map((reply) => reply.status === 'exists' && reply.hold.status),
    ['released', 'expired', 'sold'],
  );
  assert.equal(await stockOf(redis, saleId), { std: [9, 0, 1] });
  await assertLawful(redis, saleId);
});

test('a known id with other lines is a mismatch, whatever became of the hold', async () => {
  const saleId = await putSale(redis, { tickets: { std: 10, vip: 10 } });
  const live = await calls.hold(saleId);
  const ended = await calls.hold(saleId);
  await calls.release(saleId, ended);
  const before = await stateOf(redis, saleId);

  const replies = await calls.placeAll(saleId, [
    { ...live, lines: linesOf({ std: 2 }) },
    { ...live, lines: linesOf({ std: 1, vip: 1 }) },
    { ...ended, lines: linesOf({ vip: 1 }) },
  ]);

  assert.equal(replies, Array(3).fill({ status: 'mismatch' }));
  assert.equal(await assertLawful(redis, saleId), before);
});

test('an outcome that a rebuild read back without lines is no mismatch', async () => {
  const hold = placing();
  const times = { placedAtMs: start, expiresAtMs: start, deadlineMs: start, forgetAtMs: start + 1000 };
  const past = { ...hold, ...times, buyerId: '', lines: [], status: 'expired' as const, epoch: 1, attempts: '' };
  const saleId = await putSale(redis, { holds: [{ ...past, saleId: '' }] });

  const reply = await calls.place(saleId, hold);

  assert.is(reply.status, 'exists');
  await assertLawful(redis, saleId);
});

test('before the window opens there is nothing to have, to the millisecond', async () => {
  const soon = await refusal({ opensAtMs: start + 1 });
  const now = await calls.place(await putSale(redis, { opensAtMs: start }), placing());

  assert.equal(soon, { status: 'sale_not_open', opensAtMs: start + 1 });
  assert.is(now.status, 'placed');
});

test('at the end of the window the sale is closed, to the millisecond', async () => {
  const over = await refusal({ closesAtMs: start });
  const justBefore = await calls.place(await putSale(redis, { closesAtMs: start + 1 }), placing());

  assert.equal(over, { status: 'sale_closed' });
  assert.is(justBefore.status, 'placed');
});

test('a sale that was closed before it opened is closed: nobody should wait for it', async () => {
  const reply = await refusal({ opensAtMs: start + 1000, closedAtMs: start });

  assert.equal(reply, { status: 'sale_closed' });
});

test('a paused sale is paused while it is open, and not yet open or closed otherwise', async () => {
  assert.equal(await refusal({ paused: true }), { status: 'sale_paused' });
  assert.is((await refusal({ paused: true, opensAtMs: start + 1 })).status, 'sale_not_open');
  assert.is((await refusal({ paused: true, closesAtMs: start })).status, 'sale_closed');
});

test('the gate is asked before the ticket types, and they before the limits', async () => {
  const lines = linesOf({ gold: 9, std: 1, wood: 1 });

  assert.is((await refusal({ paused: true }, { lines })).status, 'sale_paused');
  assert.equal(await refusal({}, { lines }), { status: 'ticket_type_not_found', ticketTypeIds: ['gold', 'wood'] });
});

test('the limit of one order counts all its lines and is told before that of the buyer', async () => {
  const tickets = { std: 10, vip: 10 };
  const setting = { tickets, orderTicketsMax: 3, buyerTicketsMax: 3 };

  const reply = await refusal(setting, { lines: linesOf({ std: 2, vip: 2 }) });
  const fits = await calls.place(await putSale(redis, setting), placing({ lines: linesOf({ std: 1, vip: 2 }) }));

  assert.equal(reply, { status: 'limit_reached', scope: 'order', limit: 3, held: 0, bought: 0 });
  assert.is(fits.status, 'placed');
});

test('the limit of a buyer counts what he holds and what he has bought, and nobody else', async () => {
  const saleId = await putSale(redis, { orderTicketsMax: 2 });
  await calls.sell(saleId, { lines: linesOf({ std: 2 }) });
  await calls.hold(saleId);

  const tooMuch = await calls.place(saleId, placing({ lines: linesOf({ std: 2 }) }));
  const justRight = await calls.place(saleId, placing());
  const bob = await calls.place(saleId, placing({ buyerId: 'bob', lines: linesOf({ std: 2 }) }));

  assert.equal(tooMuch, { status: 'limit_reached', scope: 'buyer', limit: 4, held: 1, bought: 2 });
  assert.is(justRight.status, 'placed');
  assert.is(bob.status, 'placed');
  await assertLawful(redis, saleId);
});

test('the limit is told before the stock', async () => {
  const reply = await refusal({ tickets: { std: 1 } }, { lines: linesOf({ std: 5 }) });

  assert.is(reply.status, 'limit_reached');
});

test('tickets that were bought before a rebuild count against the limit', async () => {
  const past = { sold: { std: 3 }, bought: { alice: 3 } };
  const buyers = [{ buyerId: 'alice', held: 0, bought: 3, holdIds: [] }];
  const saleId = await putSale(redis, { sold: past.sold, buyers });

  const reply = await calls.place(saleId, placing({ lines: linesOf({ std: 2 }) }));
  const one = await calls.place(saleId, placing());

  assert.equal(reply, { status: 'limit_reached', scope: 'buyer', limit: 4, held: 0, bought: 3 });
  assert.is(one.status, 'placed');
  await assertLawful(redis, saleId, past);
});

test('a hold that is given back gives the buyer his limit back, one that is bought never does', async () => {
  const saleId = await putSale(redis, { buyerTicketsMax: 1 });
  const hold = await calls.hold(saleId);
  await calls.release(saleId, hold);

  const bought = await calls.sell(saleId);
  const again = await calls.place(saleId, placing());

  assert.not.equal(bought.holdId, hold.holdId);
  assert.equal(again, { status: 'limit_reached', scope: 'buyer', limit: 1, held: 0, bought: 1 });
  await assertLawful(redis, saleId);
});

test("a buyer's own lapsed holds never count against his limit, swept or not", async () => {
  const saleId = await putSale(redis, { buyerTicketsMax: 2 });
  const lapsed = await calls.hold(saleId);
  time.nowMs += 30_000;
  const live = await calls.hold(saleId);
  time.nowMs = start + 60_000;

  const tooMuch = await calls.place(saleId, placing({ lines: linesOf({ std: 2 }) }));
  const reply = await calls.place(saleId, placing());

  assert.equal(tooMuch, { status: 'limit_reached', scope: 'buyer', limit: 2, held: 1, bought: 0 });
  assert.is(reply.status, 'placed');
  const { ended, due } = await assertLawful(redis, saleId);
  assert.ok(ended.has(lapsed.holdId));
  assert.ok(due.has(live.holdId));
});

test("a buyer's own lapsed holds are not told as held either, when one order is too large", async () => {
  const saleId = await putSale(redis, { orderTicketsMax: 1 });
  await calls.hold(saleId);
  time.nowMs += 60_000;

  const reply = await calls.place(saleId, placing({ lines: linesOf({ std: 2 }) }));

  assert.equal(reply, { status: 'limit_reached', scope: 'order', limit: 1, held: 0, bought: 0 });
  await assertLawful(redis, saleId);
});

test('a confirm under way still counts against the limit when its deadline has passed', async () => {
  const saleId = await putSale(redis, { buyerTicketsMax: 1 });
  const hold = await calls.hold(saleId);
  await calls.begin(saleId, hold);
  time.nowMs += 120_000;

  const reply = await calls.place(saleId, placing());

  assert.equal(reply, { status: 'limit_reached', scope: 'buyer', limit: 1, held: 1, bought: 0 });
  await assertLawful(redis, saleId);
});

test('Redis tells the time when no test does', async () => {
  const real = await openTestRedis();
  real.time.nowMs = 0;
  const saleId = await putSale(real.redis, { opensAtMs: Date.now() - 60_000 });

  const reply = await callsOn(real.redis).place(saleId, placing());

  assert.is(reply.status, 'placed');
  if (reply.status === 'placed') assert.ok(Math.abs(reply.placedAtMs - Date.now()) < 60_000);
  await real.close();
});

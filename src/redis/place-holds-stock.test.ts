import * as assert from 'uvu/assert';
import { callsOn, limits, placing } from '../testing/redis-calls.ts';
import { linesOf, openTestRedis, putSale } from '../testing/redis-sale.ts';
import { assertLawful, holdOf, stateOf, stockOf } from '../testing/redis-state.ts';
import { suite } from '../testing/suite.ts';
import { placeHolds } from './place-holds.ts';

const test = suite('place-holds: stock, expiry and receipts');
const { redis, time, another, close } = await openTestRedis();
const calls = callsOn(redis);
test.after(close);

const start = time.nowMs;
test.before.each(() => {
  time.nowMs = start;
});

test('sold_out names the lines that can never be had, all_held those that may come back', async () => {
  const saleId = await putSale(redis, { tickets: { a: 1, b: 1, c: 5, d: 1 }, buyerTicketsMax: 20 });
  await calls.sell(saleId, { lines: linesOf({ a: 1 }) });
  await calls.hold(saleId, { lines: linesOf({ b: 1, d: 1 }) });

  const soldOut = await calls.place(saleId, placing({ lines: linesOf({ a: 1, b: 1, c: 6 }) }));
  const allHeld = await calls.place(saleId, placing({ lines: linesOf({ b: 1, c: 5, d: 1 }) }));

  assert.equal(soldOut, { status: 'sold_out', ticketTypeIds: ['a', 'c'] });
  assert.equal(allHeld, { status: 'all_held', ticketTypeIds: ['b', 'd'], retryAfterMs: 60_000 });
  await assertLawful(redis, saleId);
});

test('one line that cannot be had leaves the others untouched', async () => {
  const saleId = await putSale(redis, { tickets: { a: 5, b: 0 } });
  const before = await stateOf(redis, saleId);
  const hold = placing({ lines: linesOf({ a: 1, b: 1 }) });

  const reply = await calls.place(saleId, hold);

  assert.equal(reply, { status: 'sold_out', ticketTypeIds: ['b'] });
  assert.is(await holdOf(redis, saleId, hold.holdId), null);
  assert.equal(await assertLawful(redis, saleId), before);
});

test('a refused id may be placed later: a refusal stores nothing', async () => {
  const saleId = await putSale(redis, { tickets: { std: 1 } });
  const first = await calls.hold(saleId);
  const hold = placing({ buyerId: 'bob' });
  const refused = await calls.place(saleId, hold);
  await calls.release(saleId, first);

  const reply = await calls.place(saleId, hold);

  assert.is(refused.status, 'all_held');
  assert.is(reply.status, 'placed');
  await assertLawful(redis, saleId);
});

test('tickets of a confirm under way are all_held with nothing to wait for yet, and not sold_out', async () => {
  const saleId = await putSale(redis, { tickets: { std: 1 } });
  await calls.begin(saleId, await calls.hold(saleId));

  const reply = await calls.place(saleId, placing({ buyerId: 'bob' }));

  assert.equal(reply, { status: 'all_held', ticketTypeIds: ['std'], retryAfterMs: 0 });
  await assertLawful(redis, saleId);
});

test('available below zero still sells nothing and reads as all_held while units are held', async () => {
  const saleId = await putSale(redis, { tickets: { std: 2 } });
  const late = await calls.hold(saleId);
  await calls.release(saleId, late);
  await calls.hold(saleId, { buyerId: 'bob', lines: linesOf({ std: 2 }) });
  await calls.finish(saleId, late);

  const one = await calls.place(saleId, placing({ buyerId: 'carol' }));
  const two = await calls.place(saleId, placing({ buyerId: 'carol', lines: linesOf({ std: 2 }) }));

  assert.equal(await stockOf(redis, saleId), { std: [-1, 2, 1] });
  assert.is(one.status, 'all_held');
  assert.is(two.status, 'sold_out');
  await assertLawful(redis, saleId);
});

test('what has lapsed comes back before anybody is told that nothing is left', async () => {
  const saleId = await putSale(redis, { tickets: { std: 2 } });
  const lapsed = await calls.hold(saleId);
  time.nowMs += 1000;
  const live = await calls.hold(saleId, { buyerId: 'bob' });
  time.nowMs = start + 60_000;

  const reply = await calls.place(saleId, placing({ buyerId: 'carol' }));

  assert.is(reply.status, 'placed');
  const { ended, due } = await assertLawful(redis, saleId);
  assert.ok(ended.has(lapsed.holdId));
  assert.ok(due.has(live.holdId));
});

test('a millisecond before the deadline nothing comes back', async () => {
  const saleId = await putSale(redis, { tickets: { std: 1 } });
  await calls.hold(saleId);
  time.nowMs += 59_999;

  const reply = await calls.place(saleId, placing({ buyerId: 'bob' }));

  assert.equal(reply, { status: 'all_held', ticketTypeIds: ['std'], retryAfterMs: 1 });
});

test('a place expires no more lines than it may, over all items of its batch', async () => {
  const saleId = await putSale(redis, { tickets: { std: 6, vip: 1 }, buyerTicketsMax: 20 });
  await calls.hold(saleId, { buyerId: 'vip', lines: linesOf({ vip: 1 }) });
  time.nowMs += 1;
  for (let each = 0; each < 6; each++) await calls.hold(saleId, { buyerId: `buyer-${each}` });
  time.nowMs += 60_000;
  const options = { ...limits.place, ...limits.memory, inlineExpireMax: 3 };
  const items = ['bob', 'carol', 'dora'].map((buyerId) => placing({ buyerId }));

  const replies = await placeHolds(redis, { saleId, items, options });

  assert.equal(
    replies.map((reply) => reply.status),
    ['placed', 'placed', 'all_held'],
  );
  assert.equal(await stockOf(redis, saleId), { std: [0, 6, 0], vip: [1, 0, 0] });
  await assertLawful(redis, saleId);
});

test('items of one batch are decided in their order, each after the one before was applied', async () => {
  const saleId = await putSale(redis, { tickets: { std: 3 } });
  const twice = placing({ buyerId: 'bob' });

  const replies = await calls.placeAll(saleId, [
    placing({ lines: linesOf({ std: 2 }) }),
    placing({ buyerId: 'bob', lines: linesOf({ std: 2 }) }),
    twice,
    twice,
    { ...twice, lines: linesOf({ std: 3 }) },
  ]);

  assert.equal(
    replies.map((reply) => reply.status),
    ['placed', 'all_held', 'placed', 'exists', 'mismatch'],
  );
  assert.equal(await stockOf(redis, saleId), { std: [0, 3, 0] });
  await assertLawful(redis, saleId);
});

test('one buyer in sixty-four items of a batch gets his limit and not one more', async () => {
  const saleId = await putSale(redis, { tickets: { std: 100 }, buyerTicketsMax: 30 });
  const items = Array.from({ length: 64 }, () => placing());

  const replies = await calls.placeAll(saleId, items);

  assert.equal(
    replies.map((reply) => reply.status),
    [...Array(30).fill('placed'), ...Array(34).fill('limit_reached')],
  );
  const { buyers } = await assertLawful(redis, saleId);
  assert.is(buyers.get('alice')?.split(',')[0], '30');
});

test('a receipt is honoured with the deadline that it promised, whatever the window says', async () => {
  const receipt = { placedAtMs: start - 50_000, expiresAtMs: start + 10_000 };
  const settings = [{ closesAtMs: start }, { opensAtMs: start + 1 }, { paused: true }, { closedAtMs: start }];

  for (const setting of settings) {
    const saleId = await putSale(redis, setting);
    const hold = placing({ receipt });

    const reply = await calls.place(saleId, hold);

    assert.is(reply.status, 'placed');
    const known = await holdOf(redis, saleId, hold.holdId);
    assert.equal(
      [known?.placedAtMs, known?.expiresAtMs, known?.deadlineMs],
      [start - 50_000, start + 10_000, start + 10_000],
    );
    await assertLawful(redis, saleId);
  }
});

test('a receipt whose deadline has passed is worth nothing, to the millisecond', async () => {
  const saleId = await putSale(redis);
  const receipt = (expiresAtMs: number) => placing({ receipt: { placedAtMs: start - 60_000, expiresAtMs } });

  const over = await calls.place(saleId, receipt(start));
  const ahead = await calls.place(saleId, receipt(start + 1));

  assert.equal(over, { status: 'receipt_expired' });
  assert.is(ahead.status, 'placed');
  await assertLawful(redis, saleId);
});

test("a receipt needs stock and room in its buyer's limit, but not in that of an order", async () => {
  const saleId = await putSale(redis, { tickets: { std: 4 }, orderTicketsMax: 1, buyerTicketsMax: 3 });
  const receipt = { placedAtMs: start, expiresAtMs: start + 10_000 };
  const wanting = (buyerId: string, std: number) => placing({ buyerId, receipt, lines: linesOf({ std }) });

  const replies = await calls.placeAll(saleId, [wanting('alice', 3), wanting('alice', 1), wanting('bob', 2)]);

  assert.equal(
    replies.map((reply) => reply.status),
    ['placed', 'limit_reached', 'all_held'],
  );
  await assertLawful(redis, saleId);
});

test('a receipt opens a bucket whose only hold has just lapsed in the same call', async () => {
  const saleId = await putSale(redis, { buyerTicketsMax: 1 });
  time.nowMs = start;
  await calls.hold(saleId, { receipt: { placedAtMs: start - 1000, expiresAtMs: start + 10_000 } });
  time.nowMs = start + 10_001;

  const receipt = { placedAtMs: start, expiresAtMs: start + 10_100 };
  const reply = await calls.place(saleId, placing({ receipt }));

  assert.is(start % 250, 0);
  assert.ok(reply.status === 'placed' && reply.openedBucket);
  await assertLawful(redis, saleId);
});

test('a receipt that is honoured twice is one hold', async () => {
  const saleId = await putSale(redis);
  const hold = placing({ receipt: { placedAtMs: start - 1000, expiresAtMs: start + 10_000 } });
  await calls.place(saleId, hold);

  const again = await calls.place(saleId, hold);

  assert.is(again.status, 'exists');
  assert.equal(await stockOf(redis, saleId), { std: [9, 1, 0] });
});

test('a thousand buyers on two connections get exactly the hundred tickets', async () => {
  const saleId = await putSale(redis, { tickets: { std: 100 } });
  const others = callsOn(await another());
  const buyers = Array.from({ length: 1000 }, (_, buyer) => placing({ buyerId: `buyer-${buyer}` }));

  const replies = await Promise.all(buyers.map((item, index) => (index % 2 ? calls : others).place(saleId, item)));

  assert.is(replies.filter((reply) => reply.status === 'placed').length, 100);
  assert.is(replies.filter((reply) => reply.status === 'all_held').length, 900);
  await assertLawful(redis, saleId);
});

test('one id placed on two connections at once is one hold', async () => {
  const saleId = await putSale(redis);
  const other = callsOn(await another());
  const hold = placing();

  const replies = await Promise.all([calls, other, calls, other].map((each) => each.place(saleId, hold)));

  assert.equal(replies.map((reply) => reply.status).sort(), ['exists', 'exists', 'exists', 'placed']);
  assert.equal(await stockOf(redis, saleId), { std: [9, 1, 0] });
  await assertLawful(redis, saleId);
});

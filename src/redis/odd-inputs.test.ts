import * as assert from 'uvu/assert';
import { callsOn, placing } from '../testing/redis-calls.ts';
import { linesOf, openTestRedis, putSale } from '../testing/redis-sale.ts';
import { assertLawful, holdOf, stockOf } from '../testing/redis-state.ts';
import { suite } from '../testing/suite.ts';
import { holdsOfBuyer, scanHolds } from './read-holds.ts';

const test = suite('odd buyers, ticket types and quantities');
const { redis, time, close } = await openTestRedis();
const calls = callsOn(redis);
test.after(close);

const start = time.nowMs;
test.before.each(() => {
  time.nowMs = start;
});

const oddBuyers = {
  'semicolons and commas': 'a;b,c:d;;,,',
  'the look of a packed hold': 'H;1;2;3;0;1;;std:1;alice',
  'the look of counts': '9,9,hold',
  'line breaks': 'line\none\r\ntwo\n',
  'a NUL': '\u0000',
  'a NUL at the end': 'alice\u0000',
  'a NUL in the middle': 'alice\u0000bob',
  'the sign of a sentinel': '#',
  spaces: '  ',
  'percent signs and Lua patterns': '%s%d%%(.*)[^;]+$',
  'letters of the world': 'żółć 한국어 🎫',
  'characters that look alike': 'Ａlice',
  '255 bytes': `${'é'.repeat(127)}a`,
  'a word of JavaScript': '__proto__',
  'another word of JavaScript': 'constructor',
  'a number': '-0',
};

for (const [what, buyerId] of Object.entries(oddBuyers)) {
  test(`a buyer with ${what} in his name holds, buys, gives back and is told apart`, async () => {
    const saleId = await putSale(redis, { tickets: { std: 50 }, buyerTicketsMax: 20 });
    const names = { buyerId };
    const [held, released, lapsed] = [
      await calls.hold(saleId, names),
      await calls.hold(saleId, names),
      await calls.hold(saleId, names),
    ];
    const aborted = await calls.hold(saleId, names);

    await calls.begin(saleId, aborted);
    const reopened = await calls.abort(saleId, aborted);
    const begun = await calls.begin(saleId, held);
    const stranger = await calls.release(saleId, released, `${buyerId}x`);
    const own = await calls.release(saleId, released);
    const sold = await calls.finish(saleId, held);
    await assertLawful(redis, saleId);
    time.nowMs += 60_000;
    await calls.expire(saleId);

    assert.equal(
      [reopened, begun.status, stranger.status, own.status, sold],
      ['reopened', 'begun', 'not_yours', 'released', 'sold'],
    );
    assert.is((await holdOf(redis, saleId, held.holdId))?.buyerId, buyerId);
    assert.is((await holdOf(redis, saleId, lapsed.holdId))?.buyerId, buyerId);
    assert.equal(await stockOf(redis, saleId), { std: [49, 0, 1] });
    await assertLawful(redis, saleId);
  });
}

test('buyers whose names differ by a letter, a case or an invisible sign have limits of their own', async () => {
  const saleId = await putSale(redis, { tickets: { std: 50 }, buyerTicketsMax: 1 });
  const names = ['alice', 'Alice', 'alice ', 'alice\u0000', 'alice\u0000\u0000', 'al\u00ADice', 'alicé', 'alice\u0301'];

  const replies = await calls.placeAll(
    saleId,
    names.map((buyerId) => placing({ buyerId })),
  );

  assert.equal(
    replies.map((reply) => reply.status),
    Array(names.length).fill('placed'),
  );
  for (const buyerId of names) assert.is((await holdsOfBuyer(redis, [saleId], buyerId)).length, 1);
  await assertLawful(redis, saleId);
});

test('ticket types may be called as long and as oddly as an id may be', async () => {
  const ids = ['x'.repeat(64), 'y'.repeat(63), '__proto__', 'constructor', 'toString', '-', '_', '0', '00'];
  const tickets = Object.fromEntries(ids.map((id) => [id, 2]));
  const saleId = await putSale(redis, { tickets, buyerTicketsMax: 100 });

  const hold = await calls.hold(saleId, { lines: linesOf(tickets) });
  const soldOut = await calls.place(saleId, placing({ lines: linesOf(Object.fromEntries([['__proto__', 3]])) }));
  await assertLawful(redis, saleId);
  await calls.begin(saleId, hold);
  await calls.finish(saleId, hold);

  assert.equal(soldOut, { status: 'sold_out', ticketTypeIds: ['__proto__'] });
  const stock = await stockOf(redis, saleId);
  assert.equal(
    ids.map((id) => Object.entries(stock).find(([key]) => key === id)?.[1]),
    Array(ids.length).fill([0, 0, 2]),
  );
  await assertLawful(redis, saleId);
});

test('no ticket type is a field of the sale: names of settings and of other counts are unknown', async () => {
  const saleId = await putSale(redis);
  const lines = linesOf({ available: 1, epoch: 1, run: 1, version: 1 });

  const reply = await calls.place(saleId, placing({ lines }));

  assert.equal(reply, { status: 'ticket_type_not_found', ticketTypeIds: ['available', 'epoch', 'run', 'version'] });
});

test('twenty lines are one hold, all or nothing', async () => {
  const ids = Array.from({ length: 20 }, (_, index) => `type-${String(index).padStart(2, '0')}`);
  const each = (quantity: number) => Object.fromEntries(ids.map((id) => [id, quantity]));
  const saleId = await putSale(redis, { tickets: { ...each(5), 'type-19': 1 }, buyerTicketsMax: 100 });

  const tooMuch = await calls.place(saleId, placing({ lines: linesOf(each(2)) }));
  const untouched = await stockOf(redis, saleId);
  const hold = await calls.hold(saleId, { lines: linesOf(each(1)) });
  await assertLawful(redis, saleId);
  const known = await holdOf(redis, saleId, hold.holdId);
  await calls.release(saleId, hold);

  assert.equal(tooMuch, { status: 'sold_out', ticketTypeIds: ['type-19'] });
  assert.equal(untouched['type-00'], [5, 0, 0]);
  assert.equal(known?.lines, hold.lines);
  assert.equal(await stockOf(redis, saleId), untouched);
  await assertLawful(redis, saleId);
});

test('a thousand of a kind, out of ten million, are counted to the last', async () => {
  const saleId = await putSale(redis, { tickets: { std: 10_000_000 }, buyerTicketsMax: 1000 });
  const hold = await calls.hold(saleId, { lines: linesOf({ std: 1000 }) });

  const more = await calls.place(saleId, placing());
  await calls.begin(saleId, hold);
  await calls.finish(saleId, hold);

  assert.equal(more, { status: 'limit_reached', scope: 'buyer', limit: 1000, held: 1000, bought: 0 });
  assert.equal(await stockOf(redis, saleId), { std: [9_999_000, 0, 1000] });
  await assertLawful(redis, saleId);
});

test('holds of one buyer are told apart although he has very many of them', async () => {
  const saleId = await putSale(redis, { tickets: { std: 500 }, buyerTicketsMax: 500 });
  const holds = Array.from({ length: 200 }, () => placing());
  await calls.placeAll(saleId, holds);

  for (const hold of holds.slice(50, 150)) await calls.release(saleId, hold);

  const his = await holdsOfBuyer(redis, [saleId], 'alice');
  assert.equal(
    his.map((hold) => hold.holdId),
    [...holds.slice(0, 50), ...holds.slice(150)].map((hold) => hold.holdId),
  );
  await assertLawful(redis, saleId);
});

test('a scan shows every hold as it was placed and no sentinel', async () => {
  const saleId = await putSale(redis, { tickets: { std: 50 } });
  const holds = Object.values(oddBuyers).map((buyerId) => placing({ buyerId }));
  await calls.placeAll(saleId, holds);

  const page = await scanHolds(redis, saleId, '0', 1000);

  const buyersOf = (list: { holdId: string; buyerId: string }[]) =>
    new Map(list.map((hold) => [hold.holdId, hold.buyerId]));
  assert.is(page.holds.length, holds.length);
  for (const [holdId, buyerId] of buyersOf(holds)) assert.is(buyersOf(page.holds).get(holdId), buyerId);
});

import * as assert from 'uvu/assert';
import { InvariantError, SaleLostError } from '../domain/errors.ts';
import { callsOn, placing } from '../testing/redis-calls.ts';
import { linesOf, openTestRedis, putSale } from '../testing/redis-sale.ts';
import { freshId } from '../testing/stack.ts';
import { suite } from '../testing/suite.ts';
import { failureOf } from '../testing/until.ts';
import { packHold, unpackHold } from './hold-record.ts';
import { saleKeys } from './keys.ts';
import { confirmingIds, countLiveHolds, findHold, holdsOfBuyer } from './read-holds.ts';
import { readStocks } from './read-sale.ts';

const test = suite('reading holds');
const { redis, time, close } = await openTestRedis();
const calls = callsOn(redis);
test.after(close);

const start = time.nowMs;
test.before.each(() => {
  time.nowMs = start;
});

test('a hold is found in whichever of the sales it is, and nowhere else', async () => {
  const [one, two, three] = [await putSale(redis), await putSale(redis), await putSale(redis)];
  const hold = await calls.hold(two);

  const found = await findHold(redis, [one, two, three], hold.holdId);

  assert.equal([found?.saleId, found?.holdId, found?.status], [two, hold.holdId, 'held']);
  assert.is(await findHold(redis, [one, three], hold.holdId), null);
  assert.is(await findHold(redis, [], hold.holdId), null);
});

test('a sale that is lost is not one that knows nothing', async () => {
  const [whole, missing] = [await putSale(redis), freshId('sale')];

  const errors = [
    await failureOf(() => findHold(redis, [whole, missing], 'nobody-knows-it')),
    await failureOf(() => holdsOfBuyer(redis, [whole, missing], 'alice')),
  ];

  for (const error of errors) assert.is(error instanceof SaleLostError && error.saleId, missing);
});

test('a buyer reads his live holds in all sales, oldest first, and none of anybody else', async () => {
  const [one, two] = [await putSale(redis), await putSale(redis)];
  const first = await calls.hold(one);
  const [confirming, released] = [await calls.hold(one), await calls.hold(one)];
  await calls.begin(one, confirming);
  await calls.release(one, released);
  await calls.sell(one);
  await calls.hold(one, { buyerId: 'bob' });
  const elsewhere = await calls.hold(two);

  const his = await holdsOfBuyer(redis, [one, two], 'alice');

  assert.equal(
    his.map((hold) => [hold.saleId, hold.holdId, hold.status]),
    [
      [one, first.holdId, 'held'],
      [one, confirming.holdId, 'confirming'],
      [two, elsewhere.holdId, 'held'],
    ],
  );
  assert.equal(await holdsOfBuyer(redis, [one, two], 'nobody'), []);
  assert.equal(await holdsOfBuyer(redis, [], 'alice'), []);
});

test('held and confirming holds are live, all others are not', async () => {
  const saleId = await putSale(redis);
  const confirming = await calls.hold(saleId);
  await calls.begin(saleId, confirming);
  await calls.hold(saleId);
  await calls.release(saleId, await calls.hold(saleId));
  await calls.sell(saleId);

  assert.is(await countLiveHolds(redis, saleId), 2);
  assert.equal(await confirmingIds(redis, saleId), [confirming.holdId]);
});

test('stocks of many sales are read at once; one that is not here has none', async () => {
  const [saleId, missing] = [await putSale(redis, { tickets: { std: 3 } }), freshId('sale')];
  await calls.hold(saleId, { lines: linesOf({ std: 2 }) });

  const stocks = await readStocks(redis, [saleId, missing]);

  assert.equal(stocks.get(saleId), [{ ticketTypeId: 'std', capacity: 3, available: 1, held: 2, sold: 0 }]);
  assert.equal(stocks.get(missing), []);
});

test('what TypeScript packs Lua reads, and what Lua packs TypeScript reads', async () => {
  const hold = placing({ buyerId: 'a;b,c\n\u0000', keyed: true });
  const times = { placedAtMs: start, expiresAtMs: start + 1000, deadlineMs: start + 2000 };
  const record = { ...hold, ...times, saleId: '', status: 'held' as const, epoch: 1, attempts: '' };
  const buyers = [{ buyerId: hold.buyerId, held: 1, bought: 0, holdIds: [hold.holdId] }];
  const saleId = await putSale(redis, { holds: [record], buyers });

  await calls.begin(saleId, hold);
  await calls.abort(saleId, hold);

  const holds = saleKeys(redis.keyPrefix, saleId)[1];
  const packed = (await redis.client.hget(holds, hold.holdId)) ?? '';
  assert.is(packed, packHold({ ...record, deadlineMs: start + 10_000 }));
  assert.equal(unpackHold(saleId, hold.holdId, packed), { ...record, saleId, deadlineMs: start + 10_000 });
});

test('what is no packed hold is a bug and says which', () => {
  for (const packed of ['', 'X;1;1;1;0;1;;;alice', 'H;1;1;1;0;1;;std:1']) {
    assert.throws(() => unpackHold('sale-1', 'hold-1', packed), /not readable/);
  }
});

test('a script that fails is a bug, not an outage', async () => {
  const saleId = await putSale(redis);
  const hold = await calls.hold(saleId);
  await redis.client.hset(saleKeys(redis.keyPrefix, saleId)[1], hold.holdId, 'rubbish');

  const error = await failureOf(() => calls.release(saleId, hold, null));

  assert.instance(error, InvariantError);
});

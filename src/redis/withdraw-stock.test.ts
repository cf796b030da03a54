import * as assert from 'uvu/assert';
import { callsOn } from '../testing/redis-calls.ts';
import { decisionsMax, linesOf, openTestRedis, putSale, saleOf } from '../testing/redis-sale.ts';
import { assertLawful, stateOf, stockOf } from '../testing/redis-state.ts';
import { freshId } from '../testing/stack.ts';
import { suite } from '../testing/suite.ts';
import { applySale } from './apply-sale.ts';
import { withdrawStock } from './withdraw-stock.ts';

const test = suite('withdraw-stock');
const { redis, another, close } = await openTestRedis();
const calls = callsOn(redis);
test.after(close);

const withdraw = (saleId: string, quantity: number, operationId = freshId('op'), ticketTypeId = 'std') =>
  withdrawStock(redis, { saleId, operationId, ticketTypeId, quantity });

test('what is withdrawn leaves available and capacity, and nothing else', async () => {
  const saleId = await putSale(redis, { tickets: { std: 10, vip: 5 } });
  await calls.hold(saleId);
  await calls.sell(saleId);

  const reply = await withdraw(saleId, 3);

  assert.equal(reply, { status: 'withdrawn' });
  assert.equal(await stockOf(redis, saleId), { std: [5, 1, 1], vip: [5, 0, 0] });
  await assertLawful(redis, saleId);
});

test('a repeat of the same operation changes nothing', async () => {
  const saleId = await putSale(redis);
  await withdraw(saleId, 8, 'operation-1');
  const before = await stateOf(redis, saleId);

  const reply = await withdraw(saleId, 8, 'operation-1');

  assert.equal(reply, { status: 'withdrawn' });
  assert.equal(await assertLawful(redis, saleId), before);
});

test('another operation withdraws once more', async () => {
  const saleId = await putSale(redis);

  await withdraw(saleId, 4);
  await withdraw(saleId, 4);

  assert.equal(await stockOf(redis, saleId), { std: [2, 0, 0] });
  await assertLawful(redis, saleId);
});

test('what is held or sold cannot be withdrawn, and the last available ticket can', async () => {
  const saleId = await putSale(redis);
  await calls.hold(saleId, { lines: linesOf({ std: 4 }) });
  await calls.sell(saleId, { buyerId: 'bob', lines: linesOf({ std: 4 }) });
  const before = await stateOf(redis, saleId);

  const tooMuch = await withdraw(saleId, 3);
  const untouched = await assertLawful(redis, saleId);
  const justRight = await withdraw(saleId, 2);

  assert.equal(tooMuch, { status: 'insufficient', available: 2 });
  assert.equal(untouched, before);
  assert.equal(justRight, { status: 'withdrawn' });
  assert.equal(await stockOf(redis, saleId), { std: [0, 4, 4] });
});

test('available below zero reads as nothing', async () => {
  const saleId = await putSale(redis, { tickets: { std: 1 } });
  const late = await calls.hold(saleId);
  await calls.release(saleId, late);
  await calls.hold(saleId, { buyerId: 'bob' });
  await calls.finish(saleId, late);

  assert.equal(await withdraw(saleId, 1), { status: 'insufficient', available: 0 });
  await assertLawful(redis, saleId);
});

test('a ticket type that the sale has not has nothing to withdraw', async () => {
  const saleId = await putSale(redis);

  assert.equal(await withdraw(saleId, 1, 'operation-1', 'gold'), { status: 'insufficient', available: 0 });
  await assertLawful(redis, saleId);
});

test("MySQL's lower capacity finds it done: it takes nothing a second time", async () => {
  const saleId = await putSale(redis);
  await withdraw(saleId, 3);

  await applySale(redis, { sale: saleOf({ saleId, version: 2, tickets: { std: 7 } }), decisionsMax });

  assert.equal(await stockOf(redis, saleId), { std: [7, 0, 0] });
  await assertLawful(redis, saleId);
});

test('a decrease that died before MySQL is undone by the version that MySQL has', async () => {
  const saleId = await putSale(redis);
  await withdraw(saleId, 3);

  await applySale(redis, { sale: saleOf({ saleId, version: 1 }), decisionsMax });

  assert.equal(await stockOf(redis, saleId), { std: [10, 0, 0] });
  await assertLawful(redis, saleId);
});

test('twenty sends of one operation on two connections withdraw once', async () => {
  const saleId = await putSale(redis);
  const other = await another();
  const input = { saleId, operationId: 'operation-1', ticketTypeId: 'std', quantity: 4 };

  const replies = await Promise.all(
    Array.from({ length: 20 }, (_, index) => withdrawStock(index % 2 ? redis : other, input)),
  );

  assert.equal(replies, Array(20).fill({ status: 'withdrawn' }));
  assert.equal(await stockOf(redis, saleId), { std: [6, 0, 0] });
  await assertLawful(redis, saleId);
});

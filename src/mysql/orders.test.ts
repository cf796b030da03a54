import * as assert from 'uvu/assert';
import { RequestError } from '../domain/errors.ts';
import type { Order } from '../domain/order.ts';
import { freshId } from '../testing/stack.ts';
import { suite } from '../testing/suite.ts';
import { closeMysql } from './connection.ts';
import { listOrders, orderByHold, orderById } from './orders.ts';
import { aDraft, storedSale, testMysql, testWriter } from './testing.ts';

const test = suite('orders');
const mysql = testMysql();
const writer = testWriter(mysql, { batchMax: 50 });
test.after(() => closeMysql(mysql));

async function allPages(input: { buyerId?: string; saleId?: string; limit: number }): Promise<Order[]> {
  const items: Order[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = await listOrders(mysql.db, { ...input, cursor });
    items.push(...page.items);
    if (page.nextCursor === null) return items;
    cursor = page.nextCursor;
  }
}

test('an order is found by its id and by its hold', async () => {
  const sale = await storedSale(mysql, { a: 5, b: 5 });
  const draft = aDraft(sale.saleId, { b: 2, a: 1 });
  await writer.commit(draft);

  const order = await orderById(mysql.db, draft.orderId);

  assert.equal(order, await orderByHold(mysql.db, draft.holdId));
  assert.equal(
    order?.lines.map((line) => line.ticketTypeId),
    ['a', 'b'],
  );
  assert.is(order?.totalMinor, 7_500);
  assert.is(await orderById(mysql.db, 'no-such-order'), null);
});

test("pages give each of a buyer's orders once, newest first", async () => {
  const [first, second] = [await storedSale(mysql), await storedSale(mysql)];
  const buyerId = freshId('buyer');
  const drafts = [first, second, first, second, first].map((sale) => aDraft(sale.saleId, { seat: 1 }, { buyerId }));
  for (const draft of drafts) await writer.commit(draft);
  await writer.commit(aDraft(first.saleId));

  const newestFirst = drafts.map((draft) => draft.orderId).reverse();
  for (const limit of [1, 2, 5, 100])
    assert.equal(
      (await allPages({ buyerId, limit })).map((order) => order.orderId),
      newestFirst,
    );
  assert.is((await allPages({ saleId: first.saleId, limit: 2 })).length, 4);
  assert.is((await allPages({ saleId: first.saleId, buyerId, limit: 2 })).length, 3);
});

test('buyers who differ in case, accents or trailing spaces are different buyers', async () => {
  const sale = await storedSale(mysql);
  const base = freshId('buyer');
  const buyers = [`${base}é`, `${base}E`, `${base}e`, `${base}e `, `${base}e\u0000`, `${base}'"\\%_😀`];
  for (const buyerId of buyers) await writer.commit(aDraft(sale.saleId, { seat: 1 }, { buyerId }));

  for (const buyerId of buyers) {
    const { items } = await listOrders(mysql.db, { buyerId, limit: 10 });
    assert.equal(
      items.map((order) => order.buyerId),
      [buyerId],
    );
  }
});

test('a cursor that we did not write is an invalid request', async () => {
  for (const cursor of [
    '',
    '!',
    'x y',
    'JyBPUiAxPTE',
    Buffer.from('a b').toString('base64url'),
    'YQ==',
    'a'.repeat(500),
  ]) {
    const error = await listOrders(mysql.db, { limit: 1, cursor }).catch((it: unknown) => it);
    assert.instance(error, RequestError, cursor);
    assert.is((error as RequestError).code, 'invalid_request');
    assert.equal((error as RequestError).details, { errors: [{ field: 'cursor', message: 'is malformed' }] });
  }
});

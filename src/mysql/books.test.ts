import { sql } from 'kysely';
import * as assert from 'uvu/assert';
import { suite } from '../testing/suite.ts';
import { booksOf, soldHoldIds, stocksOf } from './books.ts';
import { closeMysql } from './connection.ts';
import { insertVoid } from './outcomes.ts';
import { aDraft, storedSale, testMysql, testWriter } from './testing.ts';
import { transact } from './transact.ts';

const test = suite('the books of a sale');
const mysql = testMysql();
const writer = testWriter(mysql, { batchMax: 20 });
test.after(() => closeMysql(mysql));

const booksIn = (saleId: string, bounds: { budgetMs?: number; pageRows?: number } = {}) =>
  transact(mysql, { isolation: 'repeatable read', readOnly: true }, (snapshot) =>
    booksOf(snapshot, { saleId, budgetMs: 10_000, ...bounds }),
  );

/** A sale of two ticket types with so many orders of one `a` and two `b`. */
async function soldSale(orders: number) {
  const { saleId } = await storedSale(mysql, { a: 50, b: 50 });
  const drafts = Array.from({ length: orders }, () => aDraft(saleId, { a: 1, b: 2 }));
  await Promise.all(drafts.map((draft) => writer.commit(draft)));
  return { saleId, drafts };
}

test('orders and ledger add up to what is sold, in one page, in many and in pages that end with the last row', async () => {
  const { saleId } = await soldSale(7);
  const expected = [
    { ticketTypeId: 'a', capacity: 50, sold: 7, ordered: 7, ledger: 43 },
    { ticketTypeId: 'b', capacity: 50, sold: 14, ordered: 14, ledger: 36 },
  ];

  for (const pageRows of [100, 7, 6, 2, 1]) assert.equal(await booksIn(saleId, { pageRows }), expected, `${pageRows}`);
});

test('a sale without orders has books too, and no time gives none', async () => {
  const { saleId } = await storedSale(mysql, { a: 5 });

  assert.equal(await booksIn(saleId), [{ ticketTypeId: 'a', capacity: 5, sold: 0, ordered: 0, ledger: 5 }]);
  assert.is(await booksIn(saleId, { budgetMs: -1 }), null);
});

test('each of the three that was changed by hand shows in its own number only', async () => {
  const { saleId, drafts } = await soldSale(2);
  await sql`update ticket_types set sold = sold + 1 where sale_id = ${saleId} and id = 'a'`.execute(mysql.db);
  await sql`update order_lines set quantity = 5 where order_id = ${drafts[0]?.orderId} and ticket_type_id = 'b'`.execute(
    mysql.db,
  );
  await sql`delete from stock_movements where reference = ${drafts[1]?.orderId} and ticket_type_id = 'a'`.execute(
    mysql.db,
  );

  assert.equal(await booksIn(saleId), [
    { ticketTypeId: 'a', capacity: 50, sold: 3, ordered: 2, ledger: 49 },
    { ticketTypeId: 'b', capacity: 50, sold: 4, ordered: 7, ledger: 46 },
  ]);
});

test('sold holds are named page by page, voids are not', async () => {
  const { saleId, drafts } = await soldSale(5);
  await insertVoid(mysql, { holdId: `void-${saleId}`, saleId });
  const holdIds = drafts.map((draft) => draft.holdId).sort();

  const first = await soldHoldIds(mysql.db, { saleId, afterHoldId: '', limit: 3 });
  const rest = await soldHoldIds(mysql.db, { saleId, afterHoldId: first.at(-1) ?? '', limit: 3 });

  assert.equal([first.length, [...first, ...rest]], [3, holdIds]);
});

test('counts of several sales come by one statement; a sale that is unknown is missing', async () => {
  const [one, two] = [await soldSale(1), await storedSale(mysql, { a: 5 })];

  const found = await stocksOf(mysql.db, [one.saleId, two.saleId, 'no-such-sale']);

  assert.equal([...found.keys()].sort(), [one.saleId, two.saleId].sort());
  assert.equal(found.get(one.saleId)?.ticketTypes, [
    { ticketTypeId: 'a', capacity: 50, sold: 1 },
    { ticketTypeId: 'b', capacity: 50, sold: 2 },
  ]);
  assert.equal(await stocksOf(mysql.db, []), new Map());
});

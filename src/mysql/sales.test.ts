import * as assert from 'uvu/assert';
import { UnavailableError } from '../domain/errors.ts';
import { freshId } from '../testing/stack.ts';
import { suite } from '../testing/suite.ts';
import { closeMysql } from './connection.ts';
import { errnoOf, isDuplicate } from './errors.ts';
import { changeCapacity, markSettled, setClosed, setPaused, updateSettings } from './sale-changes.ts';
import { findSale, insertSale, listSales, listUnsettled, lockSale, type SaleRow } from './sales.ts';
import { aDraft, aSale, countsOf, storedSale, testMysql, testWriter, underWay } from './testing.ts';
import { transact } from './transact.ts';

const test = suite('sales');
const mysql = testMysql({ lockWaitSeconds: 4 });
const writer = testWriter(mysql, { batchMax: 50 });
test.after(() => closeMysql(mysql));

test('a sale is read as it was written, types in their order', async () => {
  const sale = aSale(
    { z: 1, a: 2, m: 0 },
    { closesAtMs: 9_000, orderTicketsMax: 4, paused: true, title: "Zoë's ☕ night" },
  );

  const outcome = await transact(mysql, {}, (trx) => insertSale(trx, sale));

  assert.is(outcome, 'inserted');
  const row = { ...sale, epoch: 1, version: 1, settledAtMs: null, sold: { z: 0, a: 0, m: 0 } };
  assert.equal(await findSale(mysql.db, sale.saleId), row);
  assert.equal((await countsOf(mysql, sale.saleId, 'a')).ledger, 2);
  assert.is(await findSale(mysql.db, 'no-such-sale'), null);
});

test('a second sale of the same id changes nothing, ids differ by case', async () => {
  const sale = await storedSale(mysql);
  const upper = aSale({ seat: 1 }, { saleId: sale.saleId.toUpperCase() });

  const again = await transact(mysql, {}, (trx) => insertSale(trx, aSale({ other: 1 }, { saleId: sale.saleId })));
  const other = await transact(mysql, {}, (trx) => insertSale(trx, upper));

  assert.equal([again, other], ['exists', 'inserted']);
  assert.equal((await findSale(mysql.db, sale.saleId))?.ticketTypes, sale.ticketTypes);
});

test('rules of the schema refuse what makes no sense, whole', async () => {
  for (const changes of [{ closesAtMs: 5 }, { holdTtlMs: 0 }, { buyerTicketsMax: 0 }, { title: 'x'.repeat(256) }]) {
    const sale = aSale({ seat: 1 }, changes);
    const error = await transact(mysql, {}, (trx) => insertSale(trx, sale)).catch((it: unknown) => it);
    assert.ok([3819, 4025, 1406].includes(errnoOf(error) ?? 0));
    assert.is(await findSale(mysql.db, sale.saleId), null);
  }
  const negative = aSale({ seat: -1 });
  const error = await transact(mysql, {}, (trx) => insertSale(trx, negative)).catch((it: unknown) => it);
  assert.ok(error instanceof Error);
  assert.is(await findSale(mysql.db, negative.saleId), null);
});

test('pages give every sale once, newest first, also within one millisecond', async () => {
  const createdAtMs = 100_000_000_000_000 + Math.floor(Math.random() * 1e12);
  const ids = [1, 2, 3, 4, 5]
    .map(() => freshId('sale'))
    .sort()
    .reverse();
  for (const saleId of ids)
    await transact(mysql, {}, (trx) => insertSale(trx, aSale({ seat: 1 }, { saleId, createdAtMs })));

  const seen: string[] = [];
  for (let cursor: string | undefined, pages = 0; pages < 1000; pages += 1) {
    const page = await listSales(mysql.db, { limit: 2, cursor });
    seen.push(...page.items.map((sale) => sale.saleId));
    if (page.nextCursor === null || ids.every((id) => seen.includes(id))) break;
    cursor = page.nextCursor;
  }

  assert.equal(
    seen.filter((id) => ids.includes(id)),
    ids,
  );
});

test('settled sales leave the list of unsettled ones and may come back', async () => {
  const sale = await storedSale(mysql);
  const listed = async () => (await listUnsettled(mysql.db)).some((row) => row.saleId === sale.saleId);

  const before = await listed();
  await transact(mysql, {}, (trx) => markSettled(trx, sale.saleId, 5));
  const settled = await listed();
  await transact(mysql, {}, (trx) => markSettled(trx, sale.saleId, null));

  assert.equal([before, settled, await listed()], [true, false, true]);
});

test('every change makes the version one higher', async () => {
  const { saleId } = await storedSale(mysql);

  await transact(mysql, {}, async (trx) => {
    assert.ok(await updateSettings(trx, saleId, { title: 'New', closesAtMs: 8_000, orderTicketsMax: 3 }));
    assert.ok(await setPaused(trx, saleId, true));
    assert.ok(await setClosed(trx, saleId, 7_000));
    assert.ok(await setClosed(trx, saleId, 7_777));
    assert.not(await setPaused(trx, 'no-such-sale', true));
  });

  const sale = await findSale(mysql.db, saleId);
  assert.equal([sale?.title, sale?.closesAtMs, sale?.orderTicketsMax], ['New', 8_000, 3]);
  assert.equal([sale?.paused, sale?.closedAtMs, sale?.version], [true, 7_000, 5]);
});

test('capacity moves by deltas, never below sold, and the ledger follows', async () => {
  const { saleId } = await storedSale(mysql, { seat: 5 });
  await writer.commit(aDraft(saleId, { seat: 3 }));
  const change = (delta: number, ticketTypeId = 'seat') =>
    transact(mysql, {}, (trx) => changeCapacity(trx, { saleId, ticketTypeId, delta, reference: freshId('op') }));

  assert.equal(await change(4), { status: 'changed', before: 5, after: 9 });
  assert.equal(await change(-6), { status: 'changed', before: 9, after: 3 });
  assert.equal(await change(-1), { status: 'refused', capacity: 3, sold: 3 });
  assert.equal(await change(1, 'nothing'), { status: 'ticket_type_not_found' });

  const counts = await countsOf(mysql, saleId);
  assert.equal([counts.left, counts.ledger], [0, 0]);
  assert.is((await findSale(mysql.db, saleId))?.version, 3);
});

test('one reference changes a capacity once', async () => {
  const { saleId } = await storedSale(mysql, { seat: 5 });
  const change = () =>
    transact(mysql, {}, (trx) =>
      changeCapacity(trx, { saleId, ticketTypeId: 'seat', delta: 1, reference: `${saleId}-op` }),
    );
  await change();

  assert.ok(isDuplicate(await change().catch((it: unknown) => it)));
  assert.is((await countsOf(mysql, saleId)).left, 6);
});

test('admin operations on one sale queue up at its row', async () => {
  const { saleId } = await storedSale(mysql);
  const order: string[] = [];
  let second: Promise<SaleRow | null> = Promise.resolve(null);

  await transact(mysql, {}, async (trx) => {
    await lockSale(trx, saleId);
    second = transact(mysql, {}, async (other) => {
      const sale = await lockSale(other, saleId);
      order.push('second');
      return sale;
    });
    await underWay(mysql, `select % from %sales%${saleId}%`);
    await setPaused(trx, saleId, true);
    order.push('first');
  });

  const seen = await second;
  assert.equal(order, ['first', 'second']);
  assert.equal([seen?.paused, seen?.version], [true, 2]);
  assert.is(await transact(mysql, {}, (trx) => lockSale(trx, 'no-such-sale')), null);
});

test('a lock on a sale that is not given in time is unavailable', async () => {
  const { saleId } = await storedSale(mysql);
  const hasty = testMysql({ lockWaitSeconds: 1 });

  const error = await transact(mysql, {}, async (trx) => {
    await lockSale(trx, saleId);
    return transact(hasty, {}, (other) => lockSale(other, saleId)).catch((it: unknown) => it);
  });

  await closeMysql(hasty);
  assert.instance(error, UnavailableError);
});

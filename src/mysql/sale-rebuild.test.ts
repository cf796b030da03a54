import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { suite } from '../testing/suite.ts';
import { closeMysql } from './connection.ts';
import { commitOrders } from './order-transaction.ts';
import { insertVoid, readOutcomes } from './outcomes.ts';
import { boughtByBuyer, bumpEpoch, type DecidedHold, readOutcomesOfSale, soldAndCapacity } from './sale-rebuild.ts';
import { findSale, lockSale } from './sales.ts';
import { aDraft, leftOpen, storedSale, testMysql, testWriter, underWay } from './testing.ts';
import { transact } from './transact.ts';

const test = suite('rebuilding a sale');
const mysql = testMysql({ lockWaitSeconds: 4 });
const writer = testWriter(mysql, { batchMax: 20 });
test.after(() => closeMysql(mysql));

test('a bump of the epoch waits for the commit under way and sees it', async () => {
  const { saleId } = await storedSale(mysql);
  const draft = aDraft(saleId);
  // The stock row is locked last; the commit is held there by a slow transaction of the same statements.
  const end = await leftOpen(mysql, async (trx) => {
    const row = { hold_id: draft.holdId, sale_id: saleId, outcome: 'sold' as const, created_at_ms: 1 };
    await trx
      .insertInto('hold_outcomes')
      .values({ ...row, order_id: draft.orderId })
      .execute();
    await trx.updateTable('ticket_types').set({ sold: 1 }).where('sale_id', '=', saleId).execute();
  });

  const bump = transact(mysql, {}, async (trx) => {
    await lockSale(trx, saleId);
    const epoch = await bumpEpoch(trx, saleId);
    const rows = await soldAndCapacity(trx, saleId);
    return { epoch, sold: rows[0]?.sold, outcomes: (await readOutcomes(trx, [draft.holdId])).size };
  });

  await underWay(mysql, `update %ticket_types%${saleId}%`);
  await end('commit');
  assert.equal(await bump, { epoch: 2, sold: 1, outcomes: 1 });
  assert.is((await findSale(mysql.db, saleId))?.epoch, 2);
});

test('while the epoch moves under load no commit is lost or seen by neither side', async () => {
  const { saleId } = await storedSale(mysql, { a: 500, b: 500 });
  const pending = Array.from({ length: 200 }, () => writer.commit(aDraft(saleId, { a: 1, b: 1 })));
  await sleep(20);

  const soldAtBump = await transact(mysql, {}, async (trx) => {
    await lockSale(trx, saleId);
    await bumpEpoch(trx, saleId);
    return (await soldAndCapacity(trx, saleId)).map((row) => row.sold);
  });

  const outcomes = await Promise.all(pending);
  const sold = outcomes.filter((it) => it.status === 'sold').length;
  assert.equal(soldAtBump, [sold, sold]);
  assert.is(outcomes.filter((it) => it.status === 'fenced').length, 200 - sold);
});

test('a resync reads stock and outcomes from one snapshot', async () => {
  const { saleId } = await storedSale(mysql);
  const [before, after] = [aDraft(saleId), aDraft(saleId)];
  await commitOrders(mysql, [before], new Map());

  await transact(mysql, { isolation: 'repeatable read', readOnly: true }, async (trx) => {
    assert.is((await soldAndCapacity(trx, saleId))[0]?.sold, 1);
    await commitOrders(mysql, [after], new Map());
    const outcomes = await readOutcomes(trx, [before.holdId, after.holdId]);
    assert.equal([...outcomes.keys()], [before.holdId]);
    assert.is((await soldAndCapacity(trx, saleId))[0]?.sold, 1);
  });
});

test('pages of outcomes tell every decided hold once, with what a rebuild needs', async () => {
  const { saleId } = await storedSale(mysql, { a: 50, b: 50 });
  const drafts = Array.from({ length: 7 }, (_, index) => aDraft(saleId, index % 2 ? { a: 1 } : { a: 1, b: 2 }));
  const voided = [aDraft(saleId), aDraft(saleId)];
  for (const draft of drafts) await writer.commit(draft);
  for (const hold of voided) await insertVoid(mysql, hold);

  const seen: DecidedHold[] = [];
  for (let after: string | null = null; ; after = seen.at(-1)?.holdId ?? null) {
    const page: DecidedHold[] = await readOutcomesOfSale(mysql.db, saleId, after, 4);
    seen.push(...page);
    if (page.length < 4) break;
  }

  assert.equal(
    seen.map((hold) => hold.holdId),
    [...drafts, ...voided].map((hold) => hold.holdId).sort(),
  );
  for (const draft of drafts) {
    const hold = seen.find((it) => it.holdId === draft.holdId);
    const { orderId, buyerId, lines } = draft;
    assert.equal(
      { ...hold, createdAtMs: 0 },
      { ...{ holdId: draft.holdId, outcome: 'sold', orderId, buyerId, lines }, createdAtMs: 0 },
    );
  }
  assert.is(seen.filter((hold) => hold.outcome === 'void').length, 2);
});

test('what each buyer bought is summed over orders and types, in pages', async () => {
  const { saleId } = await storedSale(mysql, { a: 50, b: 50 });
  for (const [buyerId, quantities] of [
    ['alice', { a: 1, b: 2 }],
    ['Alice', { a: 1 }],
    ['alice', { a: 4 }],
    ['bob', { b: 1 }],
  ] as const)
    await writer.commit(aDraft(saleId, quantities, { buyerId }));

  const first = await boughtByBuyer(mysql.db, saleId, null, 2);
  const second = await boughtByBuyer(mysql.db, saleId, first.at(-1)?.buyerId ?? null, 2);

  assert.equal(
    [...first, ...second].map((row) => ({ ...row })),
    [
      { buyerId: 'Alice', bought: 1 },
      { buyerId: 'alice', bought: 7 },
      { buyerId: 'bob', bought: 1 },
    ],
  );
});

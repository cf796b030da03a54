import * as assert from 'uvu/assert';
import type { FindingKind } from '../domain/drift.ts';
import { type HoldRecord, packHold, unpackHold } from '../redis/hold-record.ts';
import { saleKey, saleKeys } from '../redis/keys.ts';
import { assertAgreement, inMysql, mysqlOf, redisOf } from '../testing/agreement.ts';
import { admin, auditOf, hold, openSale, openTestEngine, stockOf } from '../testing/engine.ts';
import { suite } from '../testing/suite.ts';

const test = suite('the auditor finds drift');
const env = { AUDIT_EVERY_MS: '1', AUDIT_PAUSE_MS: '100' };
const main = await openTestEngine(env);
const { engine } = main;
const redis = await redisOf(main);
test.after(async () => {
  redis.end();
  await main.close();
});

/** A sale of ten with one ticket held by alice and one sold to bob. */
async function liveSale() {
  const saleId = await openSale(engine, 10);
  const kept = await hold(engine, { saleId, buyerId: 'alice' });
  const sold = await hold(engine, { saleId, buyerId: 'bob' });
  const outcome = await engine.confirm({ buyerId: 'bob', token: sold.token });
  if (outcome.status !== 'confirmed') throw new Error(`not confirmed: ${outcome.status}`);
  return { saleId, kept, sold, orderId: outcome.order.orderId };
}

/** What the endpoint would say, in short: kind, units, hold and whether the auditor may mend it. */
async function findingsOf(saleId: string) {
  const { status, findings } = await auditOf(engine, saleId);
  const inShort = findings.map(({ kind, units, holdId, safeToRepair }) => [kind, units, holdId, safeToRepair]);
  return { status, findings: inShort };
}

/** Two rounds, which is how long the finding of any drift may take. */
async function twoRounds(saleId: string): Promise<void> {
  await engine.work.auditSales([saleId]);
  await engine.work.auditSales([saleId]);
}

const repairsOf = async (saleId: string) =>
  (await engine.audit.list({ saleId, limit: 100 })).items.filter((entry) => entry.action === 'sale.audit.repair');

const keyOf = (saleId: string, name: 'holds' | 'due' | 'leases' | 'buyers') =>
  saleKeys(redis.keyPrefix, saleId)[{ holds: 1, due: 2, leases: 3, buyers: 4 }[name]] as string;

const addTo = (saleId: string, counts: Record<string, number>) =>
  Promise.all(
    Object.entries(counts).map(([count, by]) =>
      redis.client.hincrby(saleKey(redis.keyPrefix, saleId), `${count}:std`, by),
    ),
  );

/** Rewrites the record of a hold. */
async function rewrite(saleId: string, holdId: string, change: Partial<HoldRecord>): Promise<void> {
  const packed = await redis.client.hget(keyOf(saleId, 'holds'), holdId);
  if (packed === null) throw new Error('the hold has no record');
  await redis.client.hset(
    keyOf(saleId, 'holds'),
    holdId,
    packHold({ ...unpackHold(saleId, holdId, packed), ...change }),
  );
}

test('a sale at rest is balanced, and a round writes nothing', async () => {
  const { saleId } = await liveSale();

  const audit = await engine.sales.audit(saleId);
  await twoRounds(saleId);

  assert.equal([audit?.status, audit?.looks, audit?.findings], ['balanced', 1, []]);
  assert.equal(audit?.comparison.ticketTypes[0], {
    ticketTypeId: 'std',
    redis: { capacity: 10, available: 8, held: 1, sold: 1 },
    mysql: { capacity: 10, sold: 1 },
    live: 1,
    inFlight: 0,
  });
  assert.equal(await repairsOf(saleId), []);
  assert.is(await engine.sales.audit('no-such-sale'), null);
});

test('one unit more or less in any count of Redis is found, named exactly and mended, with one row of the audit', async () => {
  const cases: [string, number, FindingKind][] = [
    ['available', 1, 'available_differs'],
    ['available', -1, 'available_differs'],
    ['held', 1, 'counted_not_held'],
    ['held', -1, 'held_not_counted'],
    ['sold', 1, 'sold_differs'],
    ['sold', -1, 'sold_differs'],
    ['capacity', 1, 'capacity_differs'],
    ['capacity', -1, 'capacity_differs'],
  ];
  for (const [count, by, kind] of cases) {
    const { saleId } = await liveSale();
    await addTo(saleId, { [count]: by });

    const found = await findingsOf(saleId);
    const untouched = (await stockOf(engine, saleId)).balanced;
    await twoRounds(saleId);

    assert.equal(found, { status: 'drift', findings: [[kind, by, null, true]] }, `${count} ${by}`);
    assert.is(untouched, false, 'the audit on demand has changed nothing');
    await assertAgreement(main, saleId, { isTampered: true });
    const repairs = await repairsOf(saleId);
    assert.equal(
      repairs.map(({ actorId, reason }) => [actorId, reason]),
      [['onsale', `auditor: ${kind} ${by} std`]],
    );
    assert.is((await findingsOf(saleId)).status, 'balanced');
  }
});

test('a count that was changed by hand is placed between the decisions before and after it', async () => {
  const { saleId } = await liveSale();
  const before = await engine.sales.replayStock(saleId);
  await addTo(saleId, { available: -2 });
  await hold(engine, { saleId, buyerId: 'carol' });

  const { gaps } = await auditOf(engine, saleId, (audit) => audit.gaps.length > 0);

  const after = await engine.sales.replayStock(saleId);
  assert.equal(gaps, [
    {
      ticketTypeId: 'std',
      afterEntryId: before?.lastEntryId,
      beforeEntryId: after?.lastEntryId,
      expected: { available: 7, held: 2, sold: 1 },
      found: { available: 5, held: 2, sold: 1 },
    },
  ]);
});

test('units that were moved between counts, so that the law of conservation still holds, are found and mended', async () => {
  const cases: [Record<string, number>, unknown[][]][] = [
    [{ available: 1, held: -1 }, [['held_not_counted', -1, null, true]]],
    [{ available: -2, held: 2 }, [['counted_not_held', 2, null, true]]],
    [{ available: 1, sold: -1 }, [['sold_differs', -1, null, true]]],
    [{ available: 3, capacity: 3 }, [['capacity_differs', 3, null, true]]],
  ];
  for (const [counts, findings] of cases) {
    const { saleId } = await liveSale();
    await addTo(saleId, counts);

    assert.equal(await findingsOf(saleId), { status: 'drift', findings }, JSON.stringify(counts));
    await twoRounds(saleId);

    await assertAgreement(main, saleId, { isTampered: true });
    assert.is((await repairsOf(saleId)).length, 1);
  }
});

test('a committed hold that Redis has set back to HELD is named with its order, and finished', async () => {
  const { saleId, sold, orderId } = await liveSale();
  await rewrite(saleId, sold.holdId, { status: 'held' });
  await redis.client.zadd(keyOf(saleId, 'due'), Date.now() + 50_000, sold.holdId);
  await redis.client.hset(keyOf(saleId, 'buyers'), 'bob', `1,0,${sold.holdId}`);
  await addTo(saleId, { held: 1, sold: -1 });

  const { findings } = await auditOf(engine, saleId);
  await twoRounds(saleId);

  assert.equal(findings, [
    {
      kind: 'committed_not_finished',
      ticketTypeId: 'std',
      units: 1,
      holdId: sold.holdId,
      buyerId: 'bob',
      redisState: 'held',
      mysqlOutcome: 'sold',
      orderId,
      safeToRepair: true,
    },
  ]);
  await assertAgreement(main, saleId, { isTampered: true });
  assert.equal((await repairsOf(saleId))[0]?.reason, `auditor: committed_not_finished 1 std hold ${sold.holdId}`);
});

test('a committed hold that is CONFIRMING is in flight within its lease, and drift after it', async () => {
  const { saleId, sold } = await liveSale();
  await rewrite(saleId, sold.holdId, { status: 'confirming', attempts: 'attempt1' });
  await redis.client.zadd(keyOf(saleId, 'leases'), Date.now() + 60_000, sold.holdId);
  await redis.client.hset(keyOf(saleId, 'buyers'), 'bob', `1,0,${sold.holdId}`);
  await addTo(saleId, { held: 1, sold: -1 });

  const within = await findingsOf(saleId);
  await twoRounds(saleId);
  const untouched = await stockOf(engine, saleId);
  await redis.client.zadd(keyOf(saleId, 'leases'), 1, sold.holdId);
  const after = await findingsOf(saleId);
  await twoRounds(saleId);

  assert.equal(within, { status: 'in_flight', findings: [] });
  assert.equal([untouched.held, untouched.sold], [2, 0]);
  assert.equal(after, { status: 'drift', findings: [['committed_not_finished', 1, sold.holdId, true]] });
  await assertAgreement(main, saleId, { isTampered: true });
});

test('a committed hold that Redis has given back and forgotten is found by its order, and finished', async () => {
  const { saleId, sold, orderId } = await liveSale();
  await redis.client.hdel(keyOf(saleId, 'holds'), sold.holdId);
  await redis.client.hdel(keyOf(saleId, 'buyers'), 'bob');
  await addTo(saleId, { available: 1, sold: -1 });

  const audit = await auditOf(engine, saleId);
  await twoRounds(saleId);

  const [finding, ...others] = audit.findings;
  assert.equal([finding?.kind, finding?.redisState, finding?.orderId], ['committed_not_finished', 'unknown', orderId]);
  assert.equal(others, []);
  await assertAgreement(main, saleId, { isTampered: true });
});

test('a live hold that MySQL has decided against is named and given back', async () => {
  const { saleId, kept } = await liveSale();
  const values = [kept.holdId, saleId, Date.now()];
  await inMysql(main, "insert into hold_outcomes values (?, ?, 'void', null, ?)", values);

  const found = await findingsOf(saleId);
  await twoRounds(saleId);

  assert.equal(found, { status: 'drift', findings: [['void_but_live', 1, kept.holdId, true]] });
  assert.equal((await stockOf(engine, saleId)).available, 9);
  await assertAgreement(main, saleId, { isTampered: true });
});

test('a live hold whose record is gone is named, and its units come back', async () => {
  const { saleId, kept } = await liveSale();
  await redis.client.hdel(keyOf(saleId, 'holds'), kept.holdId);

  const found = await findingsOf(saleId);
  await twoRounds(saleId);

  assert.equal(found, { status: 'drift', findings: [['hold_missing', 1, kept.holdId, true]] });
  assert.equal((await stockOf(engine, saleId)).available, 9);
  await assertAgreement(main, saleId, { isTampered: true });
});

test('SOLD in Redis without an order is told and left alone, and so are the counts beside it', async () => {
  const { saleId, kept } = await liveSale();
  await rewrite(saleId, kept.holdId, { status: 'sold' });
  // It is left in the index of live holds, as a careless hand would leave it.
  await addTo(saleId, { held: -1, sold: 1, available: 1 });

  const found = await findingsOf(saleId);
  const before = await stockOf(engine, saleId);
  await twoRounds(saleId);

  assert.equal(found.status, 'drift');
  assert.equal(found.findings, [
    ['sold_without_order', 1, kept.holdId, false],
    ['available_differs', 1, null, false],
  ]);
  assert.equal(await stockOf(engine, saleId), before);
  assert.equal(await repairsOf(saleId), []);
});

test('a live hold that is in no index is told as one that never lapses, and an admin can release it', async () => {
  const { saleId, kept } = await liveSale();
  await redis.client.zrem(keyOf(saleId, 'due'), kept.holdId);

  const found = await findingsOf(saleId);
  await twoRounds(saleId);
  const repairs = await repairsOf(saleId);
  await engine.holds.release({ ...admin, holdId: kept.holdId, reason: 'a test' });

  assert.equal(found, { status: 'drift', findings: [['hold_not_indexed', 1, kept.holdId, false]] });
  assert.equal(repairs, []);
  await assertAgreement(main, saleId, { isTampered: true });
});

test('MySQL at odds with its own orders or its own ledger is told and left alone, and nothing is copied from it', async () => {
  for (const by of [1, -1]) {
    const { saleId } = await liveSale();
    await inMysql(main, 'update ticket_types set sold = sold + ? where sale_id = ?', [by, saleId]);

    const found = await findingsOf(saleId);
    await twoRounds(saleId);

    assert.equal(found, { status: 'drift', findings: [['sold_without_order_lines', by, null, false]] });
    const { sold, soldInMysql } = await stockOf(engine, saleId);
    assert.equal([sold, soldInMysql], [1, 1 + by]);
    assert.equal(await repairsOf(saleId), []);
  }
  const { saleId } = await liveSale();
  const movement = [saleId, 'std', 'capacity', 2, 'by-hand', Date.now()];
  await inMysql(main, 'insert into stock_movements values (null, ?, ?, ?, ?, ?, ?)', movement);
  await addTo(saleId, { available: 1 });

  const found = await findingsOf(saleId);

  assert.equal(found.findings, [
    ['available_differs', 1, null, false],
    ['ledger_differs', 2, null, false],
  ]);
  assert.is((await mysqlOf(main, saleId)).types[0]?.capacity, 10);
});

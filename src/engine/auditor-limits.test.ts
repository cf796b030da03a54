import { createConnection } from 'mysql2/promise';
import * as assert from 'uvu/assert';
import { startJobs } from '../jobs/start.ts';
import { createLog } from '../log.ts';
import { saleKey, saleKeys } from '../redis/keys.ts';
import { assertAgreement, redisOf } from '../testing/agreement.ts';
import { auditOf, hold, openSale, openTestEngine, stockOf } from '../testing/engine.ts';
import { suite } from '../testing/suite.ts';
import { failureOf, until } from '../testing/until.ts';

const test = suite('the bounds of the auditor');
const env = { AUDIT_EVERY_MS: '1', AUDIT_PAUSE_MS: '30', AUDIT_HOLDS_MAX: '3' };
const main = await openTestEngine(env);
const { engine } = main;
const redis = await redisOf(main);
test.after(async () => {
  redis.end();
  await main.close();
});

const addTo = (saleId: string, counts: Record<string, number>) =>
  Promise.all(
    Object.entries(counts).map(([count, by]) =>
      redis.client.hincrby(saleKey(redis.keyPrefix, saleId), `${count}:std`, by),
    ),
  );

/** A metric's values by the value of its one label; what is zero is left out. */
async function tallyOf(metric: { get(): Promise<{ values: { value: number; labels: object }[] }> }) {
  const { values } = await metric.get();
  return Object.fromEntries(
    values.flatMap(({ labels, value }) => (value === 0 ? [] : [[String(Object.values(labels)[0]), value]])),
  );
}

/** What a work adds to a metric. */
async function added(metric: Parameters<typeof tallyOf>[0], work: () => Promise<unknown>) {
  const before = (await tallyOf(metric)) as Record<string, number>;
  await work();
  const after = (await tallyOf(metric)) as Record<string, number>;
  return Object.fromEntries(
    Object.entries(after).flatMap(([label, value]) => {
      const more = value - (before[label] ?? 0);
      return more === 0 ? [] : [[label, more]];
    }),
  );
}

async function saleWithHolds(count: number): Promise<string> {
  const saleId = await openSale(engine, 10);
  for (let n = 0; n < count; n++) await hold(engine, { saleId, buyerId: `b${n}` });
  return saleId;
}

test('with more live holds than are added up it says that held was not compared, and still keeps the law', async () => {
  const few = await saleWithHolds(3);
  const many = await saleWithHolds(4);
  for (const saleId of [few, many]) await addTo(saleId, { available: 1, held: -1 });

  const counted = await engine.sales.audit(few);
  const notCounted = await engine.sales.audit(many);
  const statuses = await added(engine.metrics.audits, () => engine.work.auditSales([many]));
  await addTo(many, { available: 1, held: 1 });
  await addTo(many, { available: 1 });
  const broken = await engine.sales.audit(many);
  await engine.work.auditSales([many]);

  assert.equal([counted?.status, counted?.comparison.ticketTypes[0]?.live], ['drift', 3]);
  assert.equal([notCounted?.status, notCounted?.comparison.ticketTypes[0]?.live], ['balanced', null]);
  assert.equal(statuses, { not_counted: 1 });
  assert.equal(
    broken?.findings.map(({ kind, units }) => [kind, units]),
    [['unexplained', 3]],
  );
  await assertAgreement(main, many, { isTampered: true });
});

test('what cannot be mended is counted once, stands in the gauge until a person has mended it, and rests meanwhile', async () => {
  const saleId = await saleWithHolds(1);
  const holds = saleKeys(redis.keyPrefix, saleId)[1];
  const due = saleKeys(redis.keyPrefix, saleId)[2];
  const [holdId = '', packed = ''] = Object.entries(await redis.client.hgetall(holds)).find(([id]) => id !== '#') ?? [];
  await redis.client.hset(holds, holdId, packed.replace(/^H/, 'S'));
  const deadline = await redis.client.zscore(due, holdId);
  await redis.client.zrem(due, holdId);
  await addTo(saleId, { held: -1, sold: 1 });

  const found = await added(engine.metrics.driftUnitsFound, async () => {
    for (let rounds = 0; rounds < 3; rounds++) await engine.work.auditSales([saleId]);
  });
  const standing = await tallyOf(engine.metrics.driftUnits);
  const repairs = await tallyOf(engine.metrics.driftRepairs);
  await redis.client.hset(holds, holdId, packed);
  await redis.client.zadd(due, Number(deadline), holdId);
  await addTo(saleId, { held: 1, sold: -1 });
  await engine.work.auditSales([saleId]);

  assert.equal(found, { sold_without_order: 1 });
  assert.equal(standing, { sold_without_order: 1 });
  assert.is(repairs['drop'], undefined);
  assert.equal(await tallyOf(engine.metrics.driftUnits), {});
  await assertAgreement(main, saleId, { isTampered: true });
});

test('more orders than one audit lists are finished round by round, and only then the counts beside them', async () => {
  const orders = 130;
  const saleId = await openSale(engine, 200, { buyerTicketsMax: 1 });
  for (let n = 0; n < orders; n++) {
    const { token } = await hold(engine, { saleId, buyerId: `b${n}` });
    await engine.confirm({ buyerId: `b${n}`, token });
  }
  // As Redis stood before it heard of any of them, with their holds lapsed and forgotten; and one ticket too many.
  const [, holds, , , buyers] = saleKeys(redis.keyPrefix, saleId);
  const ids = (await redis.client.hkeys(holds)).filter((id) => id !== '#');
  await redis.client.hdel(holds, ...ids);
  await redis.client.hdel(buyers, ...Array.from({ length: orders }, (_, n) => `b${n}`));
  await addTo(saleId, { available: orders + 1, sold: -orders });

  await engine.work.auditSales([saleId]);
  const first = await stockOf(engine, saleId);
  const audit = await auditOf(engine, saleId);
  await engine.work.auditSales([saleId]);

  assert.equal([first.sold, first.available], [100, 101]);
  assert.equal(audit.findings.length, 31);
  await assertAgreement(main, saleId, { isTampered: true });
});

test('a sale whose row another holds for long is not accused, and the others of the round are audited', async () => {
  const hasty = await openTestEngine({ ...env, MYSQL_LOCK_WAIT_SECONDS: '1' }, { sharing: main });
  const [busy, drifted] = [await saleWithHolds(1), await saleWithHolds(1)];
  for (const saleId of [busy, drifted]) await addTo(saleId, { available: 1 });
  const blocker = await createConnection(main.databaseUrl);
  await blocker.beginTransaction();
  await blocker.query('SELECT id FROM sales WHERE id = ? FOR UPDATE', [busy]);

  const statuses = await added(hasty.engine.metrics.audits, () => hasty.engine.work.auditSales([busy, drifted]));
  await hasty.close();
  await blocker.rollback();
  await blocker.end();
  const after = await engine.sales.audit(busy);
  await engine.work.auditSales([busy]);

  assert.equal(statuses, { unavailable: 1, drift: 1 });
  assert.is(after?.status, 'drift');
  for (const saleId of [busy, drifted]) await assertAgreement(main, saleId, { isTampered: true });
});

test('a hash that lacks a count is no drift: it is told as a failure, and the others of the round are audited', async () => {
  const [damaged, drifted] = [await saleWithHolds(1), await saleWithHolds(1)];
  await redis.client.hdel(saleKey(redis.keyPrefix, damaged), 'available:std');
  await addTo(drifted, { available: 1 });

  const error = await failureOf(() => engine.sales.audit(damaged));
  const statuses = await added(engine.metrics.audits, () => engine.work.auditSales([damaged, drifted]));
  await redis.client.del(saleKey(redis.keyPrefix, damaged));
  await failureOf(() => engine.sales.audit(damaged));
  await until(
    'it is rebuilt, as the message says',
    async () => (await stockOf(engine, damaged).catch(() => null))?.held === 1,
  );

  assert.match(error.message, 'delete its hash');
  assert.equal(statuses, { failed: 1, drift: 1 });
  for (const saleId of [damaged, drifted]) await assertAgreement(main, saleId, { isTampered: true });
});

test('a quiet sale is acquitted by a glance, and a round over two hundred of them finds the one that is not', async () => {
  const saleIds: string[] = [];
  while (saleIds.length < 201) {
    saleIds.push(...(await Promise.all([openSale(engine, 10), openSale(engine, 10), openSale(engine, 10)])));
  }
  const [drifted = ''] = saleIds.slice(150);
  await addTo(drifted, { available: -1 });

  const statuses = await added(engine.metrics.audits, () => engine.work.auditSales(saleIds));

  assert.equal(statuses, { balanced: 200, drift: 1 });
  assert.is((await stockOf(engine, drifted)).balanced, true);
});

test('workers audit by a timer of their own', async () => {
  const saleId = await openSale(engine, 10);
  await addTo(saleId, { available: -2 });

  const config = { ...main.config, auditor: { ...main.config.auditor, everyMs: 200 } };
  const jobs = await startJobs(engine, { config, log: createLog(config) });
  await until('the timer has mended it', async () => (await stockOf(engine, saleId)).balanced);
  await jobs.close();

  await assertAgreement(main, saleId, { isTampered: true });
});

test('with the interval 0 no timer audits', async () => {
  const config = { ...main.config, auditor: { ...main.config.auditor, everyMs: 0 } };
  const jobs = await startJobs(engine, { config, log: createLog(config) });

  const rounds = await added(engine.metrics.audits, async () => {
    await new Promise((resolve) => setTimeout(resolve, 300));
    await jobs.close();
  });

  assert.equal(rounds, {});
});

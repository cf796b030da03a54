import * as assert from 'uvu/assert';
import { startJobs } from '../jobs/start.ts';
import { createLog } from '../log.ts';
import { openExpiryQueue, startExpiryWorker } from '../queue/expiry-queue.ts';
import { assertAgreement, redisOf } from '../testing/agreement.ts';
import { hold, openSale, openTestEngine, stockOf } from '../testing/engine.ts';
import { openProxy } from '../testing/proxy.ts';
import { suite } from '../testing/suite.ts';
import { persistently, until } from '../testing/until.ts';

const test = suite('the two paths of expiry');
const main = await openTestEngine();
const redis = await redisOf(main);
const { engine } = main;
const running: { close(): Promise<void> }[] = [];
test.after.each(async () => {
  for (const each of running.splice(0)) await each.close();
});
test.after(async () => {
  redis.end();
  await main.close();
});

/** Whatever is started is ended with its test, latest first. */
function ended<T extends { close(): Promise<void> }>(each: T): T {
  running.unshift(each);
  return each;
}

const work = async (of = main) => ended(await startJobs(of.engine, { config: of.config, log: createLog(of.config) }));
const allBack = (saleId: string) =>
  until('everything is back', async () => (await stockOf(engine, saleId)).held === 0 && Date.now());
const holdMany = (saleId: string, count: number) =>
  Promise.all(Array.from({ length: count }, (_, n) => hold(engine, { saleId, buyerId: `b${n}` })));

/** Waits for the jobs of these holds' buckets, then deletes whatever BullMQ keeps for this engine. */
async function deleteJobs(holds: { expiresAtMs: number }[]): Promise<void> {
  const { bucketMs } = main.config.hold;
  const buckets = new Set(holds.map(({ expiresAtMs }) => Math.floor(expiresAtMs / bucketMs)));
  const delayed = `{${redis.keyPrefix}}:onsale-expiry:delayed`;
  await until('the jobs are there', async () => (await redis.client.zcard(delayed)) >= buckets.size);
  for await (const found of redis.client.scanStream({ match: `{${redis.keyPrefix}}:*`, count: 1000 })) {
    for (const key of found as string[]) await redis.client.unlink(key);
  }
}

test('what lapsed while no worker was there comes back when one returns', async () => {
  const saleId = await openSale(engine, 30, { holdTtlMs: 200 });
  const holds = await holdMany(saleId, 30);
  await until('all are long over', () => holds.every(({ expiresAtMs }) => Date.now() > expiresAtMs + 1000));
  const without = await stockOf(engine, saleId);

  await work();
  await allBack(saleId);

  assert.equal([without.available, without.held], [0, 30]);
  assert.is((await stockOf(engine, saleId)).available, 30);
  await assertAgreement(main, saleId);
});

test('with every job of BullMQ deleted the sweep gives back in about a second', async () => {
  const saleId = await openSale(engine, 30, { holdTtlMs: 700 });
  const holds = await holdMany(saleId, 30);
  // A worker that was there already might run the jobs before they have been seen here.
  await deleteJobs(holds);
  await work();
  const dueAtMs = Math.max(Date.now(), ...holds.map(({ expiresAtMs }) => expiresAtMs));

  const backAtMs = await allBack(saleId);

  const lateMs = backAtMs - dueAtMs;
  console.log(`  swept ${lateMs} ms after the last deadline`);
  assert.ok(lateMs < 3000, `${lateMs} ms late`);
  await assertAgreement(main, saleId);
});

test('with the sweep away BullMQ alone gives back', async () => {
  ended(startExpiryWorker({ ...main.config.redis, closeMaxMs: 10_000 }, engine.work.expireBucket, console.error));
  const saleId = await openSale(engine, 30, { holdTtlMs: 700 });
  await holdMany(saleId, 30);

  await allBack(saleId);

  await assertAgreement(main, saleId);
});

test('a job that runs before its bucket has ended comes again by itself', async () => {
  const clock = { nowMs: Date.now() };
  const behind = ended(await openTestEngine({}, { sharing: main, clock: () => clock.nowMs }));
  const saleId = await openSale(engine, 1, { holdTtlMs: 600 });
  const alone = await hold(behind.engine, { saleId, buyerId: 'alice' });
  const bucketEndMs = alone.expiresAtMs + 100;
  await deleteJobs([alone]);
  const queue = ended(openExpiryQueue(main.config.redis, console.error));
  const waits: (number | null)[] = [];
  const expire = async (bucket: { saleId: string; bucketEndMs: number }) => {
    const expired = await behind.engine.work.expireBucket(bucket);
    waits.push(expired.againInMs);
    return expired;
  };
  ended(startExpiryWorker({ ...main.config.redis, closeMaxMs: 10_000 }, expire, console.error));

  await persistently(() => queue.schedule({ saleId, bucketEndMs }, 0));
  await until('it has run', () => waits.length > 0);
  clock.nowMs = bucketEndMs;
  await allBack(saleId);

  assert.is(waits[0], 700, 'the first run was early');
  await assertAgreement(main, saleId);
});

test('holds lapse on time while MySQL is away, also without BullMQ', async () => {
  const proxy = ended(await openProxy(main.databaseUrl));
  const clock = { nowMs: Date.now() };
  const options = { sharing: main, clock: () => clock.nowMs };
  // Every sweep asks MySQL anew for the list of sales.
  const env = { DATABASE_URL: proxy.url, CATALOG_EVERY_MS: '1' };
  const worker = ended(await openTestEngine(env, options));
  const saleId = await openSale(engine, 5);
  await work(worker);
  await until('the worker knows the sale', async () =>
    (await worker.engine.work.unsettled()).some((sale) => sale.saleId === saleId),
  );
  const holds = await holdMany(saleId, 5);
  await deleteJobs(holds);
  proxy.down();

  clock.nowMs = Math.max(...holds.map(({ expiresAtMs }) => expiresAtMs));
  await allBack(saleId);

  await assertAgreement(main, saleId);
});

test('two hundred holds are measured: how late each comes back', async () => {
  await work();
  const saleId = await openSale(engine, 200, { holdTtlMs: 1200 });
  const deadlines: number[] = [];
  for (let n = 0; n < 200; n++) {
    deadlines.push((await hold(engine, { saleId, buyerId: `b${n}` })).expiresAtMs);
    if (n % 10 === 9) await new Promise((resolve) => setTimeout(resolve, 40));
  }

  const backAt: number[] = [];
  await until('all are back', async () => {
    const { available } = await stockOf(engine, saleId);
    while (backAt.length < available) backAt.push(Date.now());
    return available === 200;
  });

  const late = deadlines.map((deadline, n) => (backAt[n] ?? 0) - deadline).sort((a, b) => a - b);
  console.log(
    `  late by ms: median ${late[100]}, p95 ${late[190]}, most ${late[199]} (250 ms of it may be the bucket)`,
  );
  assert.ok((late[0] ?? 0) >= 0, 'none came back before its deadline');
  await assertAgreement(main, saleId);
});

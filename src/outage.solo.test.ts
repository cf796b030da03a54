import * as assert from 'uvu/assert';
import type { PrivateServer } from '../scripts/stores/private.ts';
import { startPrivateMysql, startPrivateRedis } from '../scripts/stores.ts';
import type { Config } from './config.ts';
import { migrateToLatest } from './mysql/migrate.ts';
import { openParts } from './parts.ts';
import { startServer } from './server.ts';
import { clientOf, eventually } from './testing/server.ts';
import { testConfig } from './testing/stack.ts';
import { suite } from './testing/suite.ts';
import { startWorker } from './worker.ts';

const test = suite('stores that go away', { timeoutMs: 60_000 });

const [redis, mysql] = await Promise.all([startPrivateRedis(), startPrivateMysql()]);
const config: Config = testConfig({ REDIS_URL: redis.url, DATABASE_URL: mysql.url, START_WAIT_MS: '2000' });
await migrateToLatest(mysql.url);
const parts = await openParts(config);
const server = await startServer(config, parts);
const worker = await startWorker(config, parts);
const secret = config.auth.jwtSecret ?? '';
const admin = clientOf(server, secret, 'admin', 'admin');
const alice = clientOf(server, secret, 'alice');

test.after(async () => {
  await worker.close();
  await server.close();
  await parts.engine.close();
  await Promise.all([redis.stop(), mysql.stop()]);
});

/** The bound of the promise "503 fast"; an outage test must know it, a bench measures the rest. */
const FAST_MS = 1000;

/** The first answer that is no 503, for the time-outs here are those of production, and a machine may stand still for longer. */
const heard = (ask: () => ReturnType<typeof admin>) => eventually(ask, ({ status }) => status !== 503);

async function openSale(saleId: string): Promise<void> {
  const sale = {
    saleId,
    title: 'Outage',
    currency: 'EUR',
    opensAt: '2026-01-01T00:00:00.000Z',
    holdTtlSeconds: 300,
    buyerTicketsMax: 100,
    ticketTypes: [{ ticketTypeId: 'std', name: 'Standard', priceMinor: 100, capacity: 10 }],
  };
  const created = await heard(() => admin('POST', '/admin/sales', sale, { 'Idempotency-Key': saleId }));
  assert.is(created.status, 201);
}

const reserve = (saleId: string) =>
  alice('POST', '/purchase/reserve', { saleId, lines: [{ ticketTypeId: 'std', quantity: 1 }] });

async function whileAway(store: PrivateServer, ask: () => ReturnType<typeof reserve>): Promise<void> {
  const tookMs: number[] = [];
  await store.kill9();
  for (let request = 0; request < 5; request++) {
    const answer = await ask();
    assert.is(answer.status, 503);
    assert.is(answer.body.code, 'unavailable');
    assert.ok(answer.headers.get('retry-after'));
    tookMs.push(answer.ms);
  }
  // A machine that stands still makes one of them slow, and one that waits makes all of them.
  const slow = tookMs.filter((ms) => ms >= FAST_MS);
  assert.ok(slow.length <= 1, `503 took ${tookMs.map(Math.round).join(', ')} ms`);
  const [ready, live] = await Promise.all([alice('GET', '/readyz'), alice('GET', '/livez')]);
  assert.is(ready.status, 503);
  assert.is(live.status, 200);
  await store.restart();
}

test('without Redis every request is 503 at once, and when it returns the sale is rebuilt by itself', async () => {
  await openSale('redis-away');
  const held = await heard(() => reserve('redis-away'));
  assert.is(held.status, 201);

  await whileAway(redis, () => reserve('redis-away'));

  await eventually(
    () => reserve('redis-away'),
    (answer) => answer.status === 201,
  );
  const confirm = await heard(() => alice('POST', '/purchase/confirm', { token: held.body.token }));
  assert.is(confirm.status, 201);
  await eventually(
    () => alice('GET', '/readyz'),
    (answer) => answer.status === 200,
  );
  await assertBalanced('redis-away');
});

test('without MySQL a confirm is 503 at once and nothing is lost; when it returns the same token buys', async () => {
  await openSale('mysql-away');
  const held = await heard(() => reserve('mysql-away'));
  const token = held.body.token;

  await whileAway(mysql, () => alice('POST', '/purchase/confirm', { token }));

  const confirm = await heard(() => alice('POST', '/purchase/confirm', { token }));
  assert.is(confirm.status, 201);
  assert.is((await heard(() => alice('POST', '/purchase/confirm', { token }))).status, 200);
  await assertBalanced('mysql-away');
});

test('a start without stores says which is missing, within its bound', async () => {
  const away = {
    ...config,
    redis: { ...config.redis, url: 'redis://127.0.0.1:1' },
    mysql: { ...config.mysql, url: 'mysql://a:b@127.0.0.1:2/c' },
  };
  const startedAt = performance.now();

  const error = await openParts(away).then(
    () => null,
    (reason: Error) => reason,
  );

  assert.match(error?.message ?? '', /Redis at 127\.0\.0\.1:1/);
  assert.match(error?.message ?? '', /MySQL at 127\.0\.0\.1:2/);
  assert.ok(performance.now() - startedAt < 10_000);
});

async function assertBalanced(saleId: string): Promise<void> {
  const stock = await eventually(
    () => admin('GET', `/admin/sales/${saleId}/stock`),
    (answer) => answer.status === 200,
  );
  const [row] = stock.body.ticketTypes as { balanced: boolean; sold: number }[];
  assert.is(row?.balanced, true, JSON.stringify(stock.body));
  assert.is(row?.sold, 1);
}

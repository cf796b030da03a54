import * as assert from 'uvu/assert';
import { freePort } from '../scripts/stores/ports.ts';
import { openParts } from './parts.ts';
import { openTestEngine } from './testing/engine.ts';
import { startProgram } from './testing/program.ts';
import { openProxy } from './testing/proxy.ts';
import { stack } from './testing/stack.ts';
import { suite } from './testing/suite.ts';
import { until } from './testing/until.ts';
import { startWorker } from './worker.ts';

const test = suite('worker', { timeoutMs: 90_000 });
const stores = await openTestEngine();
test.after(() => stores.close());
const closers: (() => Promise<unknown>)[] = [];
test.after.each(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});
/** A program starts slowly beside other tests. */
const patienceMs = 30_000;

const metricsOf = async (port: number) => (await fetch(`http://127.0.0.1:${port}/metrics`)).text();

test('a worker alone serves its metrics, those of the process among them', async () => {
  const port = await freePort();
  const worker = await startWorker({ ...stores.config, metrics: { port, token: null } });

  const text = await metricsOf(port);
  await worker.close();

  assert.match(text, /^onsale_confirms_recovered_total 0$/m);
  assert.match(text, /^process_cpu_seconds_total/m);
  assert.match(text, /^nodejs_eventloop_lag_seconds/m);
  const gone = await metricsOf(port).catch(() => 'refused');
  assert.is(gone, 'refused');
});

test('a worker that shares its process leaves the port to the server', async () => {
  const port = await freePort();
  const config = { ...stores.config, metrics: { port, token: null } };
  const parts = await openParts(config);
  const worker = await startWorker(config, parts);

  const answer = await metricsOf(port).catch(() => 'refused');
  await worker.close();
  await parts.engine.close();

  assert.is(answer, 'refused');
});

test('a worker whose Redis has died ends in order all the same', async () => {
  const network = await openProxy(stack.redisUrl);
  closers.push(() => network.close());
  const program = startProgram('src/worker.ts', {
    LOG_LEVEL: 'debug',
    REDIS_URL: network.url,
    REDIS_KEY_PREFIX: stores.config.redis.keyPrefix,
    DATABASE_URL: stores.databaseUrl,
    AUTH_JWT_SECRET: stores.config.auth.jwtSecret ?? '',
  });
  closers.push(() => program.end());
  await until('it works', () => program.output().includes('working'), patienceMs);

  await network.close();
  await until('it knows', () => program.output().includes('ECONNREFUSED'), patienceMs);
  const exitCode = await program.end();

  assert.is(exitCode, 0, program.output());
});

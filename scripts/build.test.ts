import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as assert from 'uvu/assert';
import { openTestEngine } from '../src/testing/engine.ts';
import { suite } from '../src/testing/suite.ts';
import { until } from '../src/testing/until.ts';
import { dataFolder } from './local.ts';
import { freePort } from './stores/ports.ts';

const test = suite('build', { timeoutMs: 90_000 });
/** Two programs start slowly beside other tests. */
const patienceMs = 30_000;
// Not dist, which may be in use; below the project, so that packages are found.
const folder = join(dataFolder, `build-${randomBytes(6).toString('hex')}`);
await promisify(execFile)(process.execPath, ['scripts/build.mjs', folder]);
const stores = await openTestEngine();
const started: ChildProcess[] = [];
test.after(async () => {
  for (const child of started) child.kill('SIGKILL');
  await stores.close();
  rmSync(folder, { recursive: true, force: true });
});

function run(program: 'server' | 'worker', env: Record<string, string>): ChildProcess {
  const { redis, auth } = stores.config;
  const child = spawn(process.execPath, [join(folder, 'src', `${program}.js`)], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      NODE_ENV: 'production',
      LOG_LEVEL: 'silent',
      HOST: '127.0.0.1',
      REDIS_URL: redis.url,
      REDIS_KEY_PREFIX: redis.keyPrefix,
      DATABASE_URL: stores.databaseUrl,
      AUTH_JWT_SECRET: auth.jwtSecret ?? '',
      ...env,
    },
  });
  started.push(child);
  return child;
}

const answers = (url: string) =>
  until(
    url,
    () =>
      fetch(url).then(
        ({ status }) => status === 200,
        () => false,
      ),
    patienceMs,
  );

test('what is built starts on its own Lua and migrations, answers, and ends in order', async () => {
  const [port, metricsPort] = [await freePort(), await freePort()];

  const server = run('server', { PORT: String(port) });
  const worker = run('worker', { METRICS_PORT: String(metricsPort) });
  await answers(`http://127.0.0.1:${port}/readyz`);
  await answers(`http://127.0.0.1:${metricsPort}/metrics`);
  const exits = [server, worker].map((child) => once(child, 'exit'));
  for (const child of [server, worker]) child.kill('SIGTERM');

  for (const exit of exits) assert.equal(await exit, [0, null]);
});

test('nothing of the tests is built, and every package is one of production', () => {
  const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as { dependencies: Record<string, string> };
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.js'));

  assert.ok(files.includes(join('src', 'server.js')) && files.includes(join('src', 'worker.js')));
  assert.equal(
    files.filter((name) => /testing|\.test\.|fixtures|model/.test(name)),
    [],
  );
  for (const file of files) {
    const text = readFileSync(join(folder, file), 'utf8');
    for (const [, name = ''] of text.matchAll(/^(?:import|export|\}).* from '((?:@[^/']+\/)?[^./'][^/']*)/gm)) {
      assert.ok(name.startsWith('node:') || name in dependencies, `${file} imports ${name}`);
    }
  }
});

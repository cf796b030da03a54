import { randomBytes } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { dataFolder } from '../../scripts/local.ts';
import { say } from '../../scripts/say.ts';
import { spawnGuarded } from '../../scripts/stores/guardian.ts';
import { freePort } from '../../scripts/stores/ports.ts';
import { openStores } from '../../scripts/stores.ts';
import { loadSearchPath } from '../../src/config.ts';
import { migrateToLatest } from '../../src/mysql/migrate.ts';
import { waitFor } from '../../src/probe.ts';
import { build, isReady } from '../own/build.ts';
import type { Ending } from '../own/ending.ts';
import { nodeFlags } from '../own/node-flags.ts';
import type { Target } from './target.ts';

/** An engine of one's own, whose stores one may look into. */
export type OwnEngine = Target & { stores: { redisUrl: string; databaseUrl: string } };

const startTimeoutMs = 60_000;

/**
 * Builds the code and runs it as in production, a server and a worker, on throw-away stores of its own: those that the
 * environment names are left alone, for they may be in use. All of it ends with `ending`, or with this process.
 */
export async function startOwnEngine(env: NodeJS.ProcessEnv, ending: Ending): Promise<OwnEngine> {
  const folder = join(dataFolder, `burst-${randomBytes(6).toString('hex')}`);
  ending.add(() => rmSync(folder, { recursive: true, force: true }));
  await build(folder);
  say('built what production runs');

  const stores = await openStores({ for: 'test' }, { ...env, REDIS_URL: '', DATABASE_URL: '' }, say);
  ending.add(() => stores.close());
  await migrateToLatest(stores.mysql.url);

  const secret = randomBytes(32).toString('base64url');
  const baseUrl = `http://127.0.0.1:${await freePort()}`;
  const settings = {
    PATH: loadSearchPath(env),
    NODE_ENV: 'production',
    LOG_LEVEL: 'warn',
    HOST: '127.0.0.1',
    PORT: new URL(baseUrl).port,
    REDIS_URL: stores.redis.url,
    DATABASE_URL: stores.mysql.url,
    AUTH_JWT_SECRET: secret,
  };
  const worker = await run('worker', { folder, env: settings, ending, answers: async () => true });
  const server = await run('server', { folder, env: settings, ending, answers: () => isReady(baseUrl) });
  say(`an engine of our own listens on ${baseUrl}`);
  return {
    baseUrl,
    tokens: { secret, issuer: null, audience: null },
    pids: { server: server.pid, worker: worker.pid },
    stores: { redisUrl: stores.redis.url, databaseUrl: stores.mysql.url },
    logLines: () => [...server.logLines(), ...worker.logLines()],
  };
}

async function run(
  name: 'server' | 'worker',
  input: { folder: string; env: NodeJS.ProcessEnv; ending: Ending; answers: () => Promise<boolean> },
): Promise<{ pid: number; logLines: () => string[] }> {
  const logFile = join(input.folder, `${name}.log`);
  const logLines = () => readFileSync(logFile, 'utf8').split('\n').filter(Boolean);
  const program = join(input.folder, 'src', `${name}.js`);
  // The guardian removes the folder also when we are killed.
  const removeFolder = name === 'server' ? input.folder : undefined;
  const child = await spawnGuarded({
    ...{ command: process.execPath, args: [...nodeFlags, program], logFile, env: input.env },
    removeFolder,
  });
  input.ending.add(() => child.end({ keep: false }));
  let exitCode: number | null = null;
  void child.exited.then((code) => {
    exitCode = code;
  });
  const failed = () => (exitCode === null ? null : `ended with code ${exitCode}\n${logLines().slice(-10).join('\n')}`);
  await waitFor({ what: `the ${name}`, answers: input.answers, failed, timeoutMs: startTimeoutMs });
  return { pid: child.pid, logLines };
}

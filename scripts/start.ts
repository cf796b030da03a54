import { mkdirSync } from 'node:fs';
import { ConfigError, loadConfig } from '../src/config.ts';
import { stopLimitMs } from '../src/main-process.ts';
import { migrateToLatest } from '../src/mysql/migrate.ts';
import { openParts } from '../src/parts.ts';
import { startServer } from '../src/server.ts';
import { startWorker } from '../src/worker.ts';
import { dataFolder, makeLocalSecrets, projectFolder } from './local.ts';
import { NotPossible } from './not-possible.ts';
import { say } from './say.ts';
import { seedDemoSale } from './seed.ts';
import { signToken } from './sign-token.ts';
import { inTime } from './start/close-all.ts';
import { localEnvironment } from './start/environment.ts';
import { takeLock } from './start/lock.ts';
import { closeOnSignal } from './start/signals.ts';
import { welcome } from './start/welcome.ts';
import { openStores } from './stores.ts';

const tokenTtlSeconds = 12 * 3600;

/** Brings everything up in this one process and says what to try. Ctrl-C or SIGTERM takes all of it down again. */
export async function start(env: NodeJS.ProcessEnv): Promise<void> {
  const ending = closeOnSignal();
  try {
    await bringUp(env, ending.add);
  } catch (error) {
    // A stack says nothing to a person who has to choose another port or to install a program.
    const expected = error instanceof ConfigError || error instanceof NotPossible;
    // What fails because it is being taken down is no news.
    if (!ending.isStopping()) console.error(expected ? `\n${error.message}` : error);
    await ending.close(1);
  }
}

async function bringUp(env: NodeJS.ProcessEnv, closeLater: (close: () => Promise<void> | void) => void): Promise<void> {
  mkdirSync(dataFolder, { recursive: true, mode: 0o700 });
  const lock = await takeLock(dataFolder);
  closeLater(() => lock.release());
  const secrets = makeLocalSecrets();

  const purpose = { for: 'start', projectFolder, dataFolder, password: secrets.mysqlPassword } as const;
  const stores = await openStores(purpose, env, say);
  closeLater(() => stores.close());
  const { applied } = await migrateToLatest(stores.mysql.url);
  say(applied.length > 0 ? `${applied.length} migrations applied` : 'the database is up to date');

  const urls = { redisUrl: stores.redis.url, databaseUrl: stores.mysql.url };
  const config = loadConfig(await localEnvironment(env, urls, secrets, say));
  const parts = await openParts(config);
  // Each may wait for a store that stands still and answers nothing; the lock of the folder must not wait for ever.
  closeLater(inTime(() => parts.engine.close(), stopLimitMs(config)));
  const worker = await startWorker(config, parts);
  closeLater(inTime(() => worker.close(), stopLimitMs(config)));
  say('workers run');
  const server = await startServer(config, parts);
  closeLater(() => server.close());
  lock.tell(server.address);
  say(`listening on ${server.address}`);

  const secret = config.auth.jwtSecret;
  if (secret === null) return say('access tokens come from your identity provider; no demo sale was made');
  const sign = (sub: string, scope?: string) =>
    signToken({ ...config.auth, secret, sub, scope, ttlSeconds: tokenTtlSeconds });
  const tokens = { alice: sign('alice'), admin: sign('admin', 'admin') };
  const demo = await seedDemoSale({ baseUrl: reachable(server.address), adminToken: tokens.admin });
  say(demo === 'created' ? 'the demo sale is open' : 'the demo sale is there already');
  console.log(welcome(reachable(server.address), tokens));
}

/** An address that a client on this machine can use, when the server listens on all of them. */
function reachable(address: string): string {
  return address.replace('//0.0.0.0:', '//127.0.0.1:').replace('//[::]:', '//[::1]:');
}

import { join } from 'node:path';
import { loadSearchPath, loadStoreUrls } from '../src/config.ts';
import { NotPossible } from './not-possible.ts';
import { aptIsUsable, installByApt } from './stores/apt.ts';
import { dockerHas, openByCompose, openByTestcontainers } from './stores/docker.ts';
import { startPrivateMysql } from './stores/mysql.ts';
import { findMysqlProgram, findRedisProgram } from './stores/programs.ts';
import { startPrivateRedis } from './stores/redis.ts';
import type { OpenStore, Say, StoreName } from './stores/store.ts';

export { startPrivateMysql, startPrivateRedis };

/** `start` keeps its data in `dataFolder` under the given password; `test` throws everything away. */
export type Purpose = { for: 'start'; projectFolder: string; dataFolder: string; password: string } | { for: 'test' };

export type Stores = { redis: OpenStore; mysql: OpenStore; close(): Promise<void> };

const missingMessage = `Redis and MySQL are needed and could not be found or started. Any one of these is enough:
  - set REDIS_URL and DATABASE_URL, e.g. redis://127.0.0.1:6379 and mysql://user:password@127.0.0.1:3306/onsale
  - start a Docker engine (docker info and docker compose version must answer)
  - install redis-server (7.0+) or valkey-server (8.0+), and mariadbd (10.11+) or mysqld (8.4+); they need not run
  - on Debian or Ubuntu, run this command as root: it installs them with apt-get`;

/**
 * Finds or starts both stores: where the environment says, else by Docker, else from programs on this machine, else by
 * installing those. Nothing that runs already is touched. `close` ends what was started; it may be repeated.
 */
export async function openStores(purpose: Purpose, env: NodeJS.ProcessEnv, say: Say): Promise<Stores> {
  const opened: OpenStore[] = given(env);
  const close = async () => void (await Promise.all(opened.splice(0).map((store) => store.close())));

  try {
    const missing = (['redis', 'mysql'] as const).filter((name) => !opened.some((store) => store.name === name));
    if (missing.length > 0) {
      const viaDocker = await openByDocker(missing, purpose, env, say);
      if (viaDocker) opened.push(...viaDocker);
      else await openPrograms(missing, purpose, env, say, opened);
    }
    const [redis, mysql] = (['redis', 'mysql'] as const).map((name) => opened.find((store) => store.name === name));
    if (!redis || !mysql) throw new NotPossible(missingMessage);
    for (const store of [redis, mysql]) say(`${store.name} answers (${store.from})`);
    return { redis, mysql, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function given(env: NodeJS.ProcessEnv): OpenStore[] {
  const urls = loadStoreUrls(env);
  return (['redis', 'mysql'] as const).flatMap((name) => {
    const url = urls[name];
    return url === null ? [] : [{ name, url, from: 'as the environment says', close: async () => undefined }];
  });
}

async function openByDocker(
  stores: StoreName[],
  purpose: Purpose,
  env: NodeJS.ProcessEnv,
  say: Say,
): Promise<OpenStore[] | null> {
  if (!(await dockerHas(stores, say))) return null;
  say(`starting ${stores.join(' and ')} with Docker`);
  try {
    return await (purpose.for === 'start' ? openByCompose({ ...purpose, stores, env }) : openByTestcontainers(stores));
  } catch (error) {
    say(`Docker could not start them: ${(error as Error).message}`);
    return null;
  }
}

async function openPrograms(
  stores: StoreName[],
  purpose: Purpose,
  env: NodeJS.ProcessEnv,
  say: Say,
  opened: OpenStore[],
): Promise<void> {
  const absent = await withoutProgram(stores, env);
  if (absent.length > 0) {
    if (!aptIsUsable(loadSearchPath(env))) throw new NotPossible(missingMessage);
    await installByApt(absent, env, say);
    if ((await withoutProgram(absent, env)).length > 0)
      throw new NotPossible(`What apt-get installed is too old.\n${missingMessage}`);
  }
  for (const name of stores) {
    const folder = purpose.for === 'start' ? { dir: join(purpose.dataFolder, name) } : {};
    const server =
      name === 'redis'
        ? await startPrivateRedis(folder)
        : await startPrivateMysql(purpose.for === 'start' ? { ...folder, password: purpose.password } : {});
    opened.push({ name, url: server.url, from: `private, port ${server.port}`, close: () => server.stop() });
  }
}

async function withoutProgram(stores: StoreName[], env: NodeJS.ProcessEnv): Promise<StoreName[]> {
  const path = loadSearchPath(env);
  const found = { redis: await findRedisProgram(path), mysql: await findMysqlProgram(path) };
  return stores.filter((store) => found[store] === null);
}

import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Connection, createConnection } from 'mysql2/promise';
import { dataFolder } from '../../scripts/local.ts';
import { say } from '../../scripts/say.ts';
import { freePort } from '../../scripts/stores/ports.ts';
import type { PrivateServer } from '../../scripts/stores/private.ts';
import { startPrivateMysql } from '../../scripts/stores.ts';
import { loadSearchPath } from '../../src/config.ts';
import { migrateToLatest } from '../../src/mysql/migrate.ts';
import { waitFor } from '../../src/probe.ts';
import { settings } from '../../src/settings.ts';
import { build, isReady } from '../own/build.ts';
import type { Ending } from '../own/ending.ts';
import { type Disk, openDisk } from './disk.ts';
import { type Network, openNetwork } from './network.ts';
import { type EngineProcess, engineProcess } from './processes.ts';
import { openRedisPair, type RedisPair } from './redis-pair.ts';

/** Everything that faults are done to. */
export type Stack = {
  /** Where the built code and the logs are. */
  folder: string;
  secret: string;
  keyPrefix: string;
  servers: readonly [EngineProcess, EngineProcess];
  workers: readonly [EngineProcess, EngineProcess];
  redis: RedisPair;
  mysql: { server: PrivateServer; disk: Disk };
  networks: { redis: Network; mysql: Network };
  /** A session past the network with every right; the caller ends it. */
  openMysql(): Promise<Connection>;
};

/**
 * What differs from production's defaults. Each only makes the end of a schedule come sooner: a lease is still longer than a
 * confirm may take (2 s), and grace is still given and bounded.
 */
export const shortened = {
  HOLD_LEASE_MS: '2500',
  HOLD_GRACE_MS: '1000',
  HOLD_GRACE_MAX_MS: '5000',
  COUPON_CLAIM_IDLE_MS: '1500',
  // What recovery, the sweep and the rebuild leave undone must show, and not be mended by the auditor before anybody looks.
  AUDIT_EVERY_MS: '0',
};

const startTimeoutMs = 60_000;
const keyPrefix = settings.REDIS_KEY_PREFIX.fallback;
const redisDisk = { megabytes: 192 };

/** Builds the code and starts all of it on ports and folders of its own. It ends with `ending`, or with this process. */
export async function openStack(env: NodeJS.ProcessEnv, ending: Pick<Ending, 'add'>): Promise<Stack> {
  const folder = join(dataFolder, `faults-${randomBytes(6).toString('hex')}`);
  ending.add(() => rmSync(folder, { recursive: true, force: true }));
  await build(folder);
  say('built what production runs');

  const logFile = join(folder, 'disks.log');
  const disk = async (name: string, options: { megabytes: number; removeFolder?: string }) => {
    const opened = await openDisk(join(folder, name), { logFile, ...options });
    ending.add(() => opened.end());
    return opened;
  };
  const disks = [await disk('redis-a', redisDisk), await disk('redis-b', redisDisk)] as const;
  const mysqlDisk = await disk('mysql', { megabytes: 448, removeFolder: folder });
  if (!mysqlDisk.isSmall) say('no disk can be mounted here (root on Linux can): full disks do nothing in this run');
  const redis = await openRedisPair(disks, keyPrefix, ending);
  const { server: mysql, ownerUrl } = await openMysqlServer(mysqlDisk, ending);
  await migrateToLatest(mysql.url);
  say('Redis with a replica, and MySQL, are ready');

  const networks = {
    redis: await openNetwork(redis.master().server.port),
    mysql: await openNetwork(mysql.port),
  };
  for (const network of Object.values(networks)) ending.add(() => network.close());
  const engine = await openProcesses({ env, folder, ending, networks, mysqlUrl: mysql.url });
  return {
    ...{ folder, keyPrefix, redis, networks, ...engine },
    mysql: { server: mysql, disk: mysqlDisk },
    openMysql: () => createConnection({ uri: ownerUrl, decimalNumbers: true, connectTimeout: 10_000 }),
  };
}

async function openMysqlServer(
  disk: Disk,
  ending: Pick<Ending, 'add'>,
): Promise<{ server: PrivateServer; ownerUrl: string }> {
  const password = randomBytes(18).toString('base64url');
  const owner = "'owner'@'127.0.0.1'";
  const server = await startPrivateMysql({
    dir: disk.folder,
    // The engine's user has no right beyond its database: read-only mode is one for it too.
    statements: [
      `CREATE USER IF NOT EXISTS ${owner} IDENTIFIED BY '${password}';`,
      `GRANT ALL ON *.* TO ${owner} WITH GRANT OPTION;`,
      'CREATE DATABASE IF NOT EXISTS sabotage;',
    ],
    args: [
      // One table space for all tables, growing by little: when the disk is full, the next page of any table is refused.
      ...['--innodb-file-per-table=OFF', '--innodb-autoextend-increment=1', '--loose-innodb-log-file-size=32M'],
      '--loose-innodb-print-all-deadlocks=OFF',
    ],
  });
  ending.add(() => server.stop({ keepData: true }));
  return { server, ownerUrl: `mysql://owner:${password}@127.0.0.1:${server.port}/onsale` };
}

async function openProcesses(input: {
  env: NodeJS.ProcessEnv;
  folder: string;
  ending: Pick<Ending, 'add'>;
  networks: Stack['networks'];
  mysqlUrl: string;
}): Promise<Pick<Stack, 'secret' | 'servers' | 'workers'>> {
  const { folder, ending } = input;
  const secret = randomBytes(32).toString('base64url');
  const databaseUrl = new URL(input.mysqlUrl);
  databaseUrl.port = String(input.networks.mysql.port);
  const env = {
    PATH: loadSearchPath(input.env),
    NODE_ENV: 'production',
    LOG_LEVEL: 'warn',
    HOST: '127.0.0.1',
    REDIS_URL: `redis://127.0.0.1:${input.networks.redis.port}`,
    REDIS_KEY_PREFIX: keyPrefix,
    DATABASE_URL: databaseUrl.href,
    AUTH_JWT_SECRET: secret,
    ...shortened,
  };
  const server = async (name: string) => {
    const port = String(await freePort());
    const baseUrl = `http://127.0.0.1:${port}`;
    return engineProcess({ kind: 'server', name, folder, ending, baseUrl, env: { ...env, PORT: port } });
  };
  const worker = (name: string) => engineProcess({ kind: 'worker', name, folder, ending, baseUrl: null, env });
  const servers = [await server('server-1'), await server('server-2')] as const;
  const workers = [worker('worker-1'), worker('worker-2')] as const;
  for (const process of [...servers, ...workers]) await process.start();
  for (const { name, baseUrl } of servers) {
    await waitFor({ what: name, answers: () => isReady(baseUrl ?? ''), timeoutMs: startTimeoutMs });
  }
  say(`two servers (${servers.map(({ baseUrl }) => baseUrl).join(', ')}) and two workers run`);
  return { secret, servers, workers };
}

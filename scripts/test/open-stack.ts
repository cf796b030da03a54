import { randomBytes } from 'node:crypto';
import mysql from 'mysql2/promise';
import { loadStoreUrls } from '../../src/config.ts';
import { migrateToLatest } from '../../src/mysql/migrate.ts';
import { say } from '../say.ts';
import { openStores } from '../stores.ts';

export type TestStack = { env: NodeJS.ProcessEnv; close(): Promise<void> };

/** Throw-away stores with the newest schema. On a given MySQL it makes a database of its own and drops it afterwards. */
export async function openTestStack(env: NodeJS.ProcessEnv): Promise<TestStack> {
  const stores = await openStores({ for: 'test' }, env, say);
  let dropDatabase: () => Promise<void> = async () => undefined;
  const close = async () => {
    try {
      await dropDatabase();
    } finally {
      await stores.close();
    }
  };

  try {
    let databaseUrl = stores.mysql.url;
    if (loadStoreUrls(env).mysql !== null) {
      const own = await createOwnDatabase(databaseUrl);
      databaseUrl = own.url;
      dropDatabase = own.drop;
    }
    const { applied } = await migrateToLatest(databaseUrl);
    say(`${applied.length} migrations applied`);
    const forTests = { NODE_ENV: 'test', REDIS_URL: stores.redis.url, DATABASE_URL: databaseUrl };
    return { env: { ...env, ...forTests, ...(process.stdout.isTTY ? { FORCE_COLOR: '1' } : {}) }, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Never the database that was named: a test run must not be able to harm what is in it. */
async function createOwnDatabase(url: string): Promise<{ url: string; drop: () => Promise<void> }> {
  const name = `onsale_test_${randomBytes(6).toString('hex')}`;
  await execute(url, `CREATE DATABASE ${name} CHARACTER SET utf8mb4`);
  const own = new URL(url);
  own.pathname = `/${name}`;
  return { url: own.href, drop: () => execute(url, `DROP DATABASE ${name}`) };
}

async function execute(url: string, statement: string): Promise<void> {
  const connection = await mysql.createConnection({ uri: url, connectTimeout: 5000 });
  try {
    await connection.query(statement);
  } finally {
    connection.destroy();
  }
}

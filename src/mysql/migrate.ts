import { readdir, readFile } from 'node:fs/promises';
import { type Migration, Migrator, sql } from 'kysely';
import { closeMysql, connectMysql } from './connection.ts';
import { errnoOf } from './errors.ts';

const folder = new URL('../../migrations/', import.meta.url);

// Table, column or index exists already. DDL commits by itself, so a process may die between a migration and the row
// that records it; the next start then finds the work of its first migration done. In any later one it is a stranger's.
const alreadyDone = new Set([1050, 1060, 1061]);

/**
 * Brings the database to the newest schema and says what it applied. Several processes may start it at once (Kysely holds
 * a lock), and it may be repeated after a crash at any point. Throws what MySQL answered to the first failing file.
 */
export async function migrateToLatest(databaseUrl: string): Promise<{ applied: string[] }> {
  const mysql = connectMysql({
    url: databaseUrl,
    connectionsMax: 3,
    // Another process may hold the lock while it alters a large table.
    queryTimeoutMs: 3_600_000,
    connectTimeoutMs: 10_000,
    lockWaitSeconds: 50,
  });
  try {
    const migrator = new Migrator({ db: mysql.db, provider: { getMigrations: readMigrations } });
    const { error, results } = await migrator.migrateToLatest();
    if (error) throw error;
    return { applied: (results ?? []).filter((it) => it.status === 'Success').map((it) => it.migrationName) };
  } finally {
    await closeMysql(mysql);
  }
}

async function readMigrations(): Promise<Record<string, Migration>> {
  const files = (await readdir(folder)).filter((file) => /^\d{4}_\w+\.sql$/.test(file));
  let mayBeDone = true;
  const entries = files.map(async (file): Promise<[string, Migration]> => {
    const statement = await readFile(new URL(file, folder), 'utf8');
    const up: Migration['up'] = async (db) => {
      await apply(statement, db, mayBeDone);
      mayBeDone = false;
    };
    return [file.replace(/\.sql$/, ''), { up }];
  });
  return Object.fromEntries(await Promise.all(entries));
}

async function apply(statement: string, db: Parameters<Migration['up']>[0], mayBeDone: boolean): Promise<void> {
  try {
    await sql.raw(statement.trim().replace(/;$/, '')).execute(db);
  } catch (error) {
    if (!mayBeDone || !alreadyDone.has(errnoOf(error) ?? 0)) throw error;
  }
}

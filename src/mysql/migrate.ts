import { readdir, readFile } from 'node:fs/promises';
import { type Migration, Migrator, sql } from 'kysely';
import { closeMysql, connectMysql, type Mysql } from './connection.ts';
import { errnoOf } from './errors.ts';

const folder = new URL('../../migrations/', import.meta.url);

// Table, column or index exists already. DDL commits by itself, so a process may die between a migration and the row
// that records it; the next start then finds the work of its first migration done. In any later one it is a stranger's.
const alreadyDone = new Set([1050, 1060, 1061]);
const noSuchTable = 1146;

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

/** Names the migrations that this code comes with and the database does not have, oldest first. Throws UnavailableError. */
export async function pendingMigrations({ db }: Pick<Mysql, 'db'>): Promise<string[]> {
  const applied = new Set(await appliedMigrations(db));
  return (await migrationFiles()).map(nameOf).filter((name) => !applied.has(name));
}

async function appliedMigrations(db: Mysql['db']): Promise<string[]> {
  try {
    const { rows } = await sql<{ name: string }>`select name from kysely_migration`.execute(db);
    return rows.map(({ name }) => name);
  } catch (error) {
    if (errnoOf(error) === noSuchTable) return [];
    throw error;
  }
}

async function migrationFiles(): Promise<string[]> {
  return (await readdir(folder)).filter((file) => /^\d{4}_\w+\.sql$/.test(file)).sort();
}

const nameOf = (file: string) => file.replace(/\.sql$/, '');

async function readMigrations(): Promise<Record<string, Migration>> {
  const files = await migrationFiles();
  let mayBeDone = true;
  const entries = files.map(async (file): Promise<[string, Migration]> => {
    const statement = await readFile(new URL(file, folder), 'utf8');
    const up: Migration['up'] = async (db) => {
      await apply(statement, db, mayBeDone);
      mayBeDone = false;
    };
    return [nameOf(file), { up }];
  });
  return Object.fromEntries(await Promise.all(entries));
}

async function apply(statement: string, db: Parameters<Migration['up']>[0], mayBeDone: boolean): Promise<void> {
  try {
    const withoutComments = statement.replace(/^--.*$/gm, '');
    await sql.raw(withoutComments.trim().replace(/;$/, '')).execute(db);
  } catch (error) {
    if (!mayBeDone || !alreadyDone.has(errnoOf(error) ?? 0)) throw error;
  }
}

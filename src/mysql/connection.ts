import { type Kysely, sql } from 'kysely';
import { createDb } from './kysely.ts';
import { createPool, type Pool } from './pool.ts';
import type { Session, SessionOptions } from './session.ts';
import type { Tables, Trx } from './tables.ts';

export type MysqlOptions = SessionOptions & { connectionsMax: number };

/** The handle of everything in this folder. `db` runs single statements; `transact` makes transactions of `pool`. */
export type Mysql = {
  db: Kysely<Tables>;
  pool: Pool;
  bind: (session: Pick<Session, 'query'>) => Trx;
  options: MysqlOptions;
};

/**
 * Makes the handle; connects when first used. A caller waits at most `connectTimeoutMs` for a connection and
 * `queryTimeoutMs` for an answer, then gets UnavailableError. Keep `lockWaitSeconds` below `queryTimeoutMs`.
 */
export function connectMysql(options: MysqlOptions): Mysql {
  const pool = createPool(options);
  return { ...createDb(pool), pool, options };
}

/** Asks the server for its version; throws UnavailableError. Safe to retry. */
export async function pingMysql(mysql: Mysql): Promise<{ version: string }> {
  const { rows } = await sql<{ version: string }>`select version() as version`.execute(mysql.db);
  return { version: rows[0]?.version ?? 'unknown' };
}

/** Ends every connection after what is under way, within seconds; may be repeated. */
export async function closeMysql(mysql: Mysql): Promise<void> {
  await mysql.pool.close();
}

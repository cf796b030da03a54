import {
  type CompiledQuery,
  type DatabaseConnection,
  type Driver,
  Kysely,
  type KyselyConfig,
  MysqlAdapter,
  MysqlIntrospector,
  MysqlQueryCompiler,
  type QueryResult,
  Transaction,
} from 'kysely';
import { assert, InvariantError } from '../domain/errors.ts';
import type { Pool } from './pool.ts';
import type { Session } from './session.ts';
import type { Tables, Trx } from './tables.ts';

/** Kysely over our pool. Its own transactions are refused: only `transact` knows what a failed COMMIT means. */
export function createDb(pool: Pool): { db: Kysely<Tables>; bind: (session: Pick<Session, 'query'>) => Trx } {
  const driver = createDriver(pool);
  const dialect: KyselyConfig['dialect'] = {
    createDriver: () => driver,
    createQueryCompiler: () => new MysqlQueryCompiler(),
    createAdapter: () => new MysqlAdapter(),
    createIntrospector: (db) => new MysqlIntrospector(db),
  };
  const config = { dialect };
  const db = new Kysely<Tables>(config);
  const bind = (session: Pick<Session, 'query'>): Trx => {
    const connection = toConnection(session);
    const executor = db.getExecutor().withConnectionProvider({ provideConnection: (use) => use(connection) });
    return new Transaction<Tables>({ config, driver, dialect, executor });
  };
  return { db, bind };
}

function createDriver(pool: Pool): Driver {
  const sessions = new WeakMap<DatabaseConnection, Session>();
  const refuse = (): Promise<void> => Promise.reject(new InvariantError('transactions are made by transact() only'));
  return {
    init: () => Promise.resolve(),
    async acquireConnection() {
      const session = await pool.acquire();
      const connection = toConnection(session);
      sessions.set(connection, session);
      return connection;
    },
    async releaseConnection(connection) {
      const session = sessions.get(connection);
      assert(session, 'a connection is released that was not acquired');
      pool.release(session);
    },
    beginTransaction: refuse,
    commitTransaction: refuse,
    rollbackTransaction: refuse,
    destroy: () => pool.close(),
  };
}

function toConnection(session: Pick<Session, 'query'>): DatabaseConnection {
  return {
    async executeQuery<R>(compiled: CompiledQuery): Promise<QueryResult<R>> {
      const result = await session.query(compiled.sql, compiled.parameters);
      if (Array.isArray(result)) return { rows: result as R[] };
      return { rows: [], insertId: BigInt(result.insertId ?? 0), numAffectedRows: BigInt(result.affectedRows ?? 0) };
    },
    streamQuery() {
      throw new InvariantError('rows are paged, never streamed');
    },
  };
}

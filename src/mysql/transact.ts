import { assert, UnavailableError } from '../domain/errors.ts';
import type { Mysql } from './connection.ts';
import { CommitUnknownError, errnoOf, isLockConflict } from './errors.ts';
import type { Session } from './session.ts';
import type { Trx } from './tables.ts';

export { CommitUnknownError } from './errors.ts';

export type TransactOptions = { isolation?: 'read committed' | 'repeatable read'; readOnly?: boolean };

/** Runs statements inside a transaction. */
type Statements = Pick<Session, 'query'>;

/**
 * Runs `work` in one transaction. CommitUnknownError: COMMIT was sent and not answered, the work may be done. Every other
 * error is definite, nothing was written: `work`'s own error, or UnavailableError (`isLockConflict` tells deadlocks).
 */
export function transact<T>(mysql: Mysql, options: TransactOptions, work: (trx: Trx) => Promise<T>): Promise<T> {
  return withSession(mysql, async (session) => {
    const result = await runAll(session, options, (statements) => work(mysql.bind(statements))).catch(
      (error: unknown) => undo(session, error),
    );
    if (session.broken) throw new UnavailableError('the connection to MySQL was lost before COMMIT');
    await session.query('COMMIT').catch((error: unknown) => commitFailed(session, error));
    return result;
  });
}

/**
 * As `transact`, for statements whose values stand in their text: they go in one packet with their COMMIT, so that what succeeds waits
 * for no second word of ours while it holds locks. MySQL does nothing behind a statement that fails, so what it answers to one of
 * them is definite. Without an answer all is unknown, and what has not even arrived yet may still be done.
 */
export function transactScript(mysql: Mysql, statements: readonly string[]): Promise<void> {
  return withSession(mysql, async (session) => {
    const all = ['START TRANSACTION', ...statements, 'COMMIT'];
    let succeeded = 0;
    try {
      await session.script(all, () => {
        succeeded += 1;
      });
      assert(succeeded === all.length, 'a script ended before its COMMIT was answered');
    } catch (error) {
      const isOfCommit = succeeded >= all.length - 1;
      return errnoOf(error) === null || isOfCommit ? commitFailed(session, error) : undo(session, error);
    }
  });
}

async function withSession<T>(mysql: Mysql, work: (session: Session) => Promise<T>): Promise<T> {
  const session = await mysql.pool.acquire();
  try {
    return await work(session);
  } finally {
    mysql.pool.release(session);
  }
}

/** Statements of a transaction that `work` sends one by one. */
async function runAll<T>(
  session: Session,
  options: TransactOptions,
  work: (statements: Statements) => Promise<T>,
): Promise<T> {
  const guard = { ended: false, doom: null as UnavailableError | null };
  const query: Session['query'] = async (sql, values) => {
    assert(!guard.ended, 'a statement was sent after its transaction had ended', { sql });
    if (guard.doom) throw guard.doom;
    try {
      return await session.query(sql, values);
    } catch (error) {
      // After a deadlock, say, the server has rolled back already: whatever followed would be committed by itself.
      if (error instanceof UnavailableError) guard.doom = error;
      throw error;
    }
  };

  try {
    await begin(session, options);
    const result = await work({ query });
    if (guard.doom) throw guard.doom;
    assert(session.pending === 0, 'a transaction ended before its statements did');
    return result;
  } finally {
    guard.ended = true;
  }
}

async function begin(session: Session, options: TransactOptions): Promise<void> {
  if (options.isolation === 'repeatable read') await session.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ');
  await session.query(options.readOnly ? 'START TRANSACTION READ ONLY' : 'START TRANSACTION');
}

/** Throws `error` when the transaction is gone, by an answered ROLLBACK or with its connection. */
async function undo(session: Session, error: unknown): Promise<never> {
  // A statement that is still under way would be answered after us; its connection goes, and with it the transaction.
  if (session.pending > 0) session.destroy();
  if (!session.broken) await session.query('ROLLBACK').catch((cause: unknown) => session.destroy(cause));
  throw error;
}

/** Throws what a COMMIT that failed means: only a lock conflict that was answered is definite. */
async function commitFailed(session: Session, error: unknown): Promise<never> {
  if (isLockConflict(error)) return undo(session, error);
  session.destroy(error);
  throw new CommitUnknownError({ cause: error });
}

import type { ResultSetHeader } from 'mysql2';
import { assert, UnavailableError } from '../domain/errors.ts';
import type { Mysql } from './connection.ts';
import { CommitUnknownError, isLockConflict } from './errors.ts';
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
  return committed(mysql, (session) => runAll(session, options, (statements) => work(mysql.bind(statements))));
}

/** What `transactScript` asks of its caller: `onAnswer` hears of each statement that succeeded, `judge` of all at the end. */
export type ScriptJudge = {
  onAnswer: (index: number) => void;
  /** Throws to have nothing written. */
  judge: (answers: ResultSetHeader[]) => void;
};

/** As `transact`, for statements whose values stand in their text: all of them go in one packet, COMMIT in the next. */
export function transactScript(mysql: Mysql, statements: readonly string[], by: ScriptJudge): Promise<void> {
  return committed(mysql, async (session) => {
    // MySQL stops at the first statement that fails: nothing behind it is done, and nothing is committed by itself.
    const answers = await session.script(['START TRANSACTION', ...statements], (index) => {
      if (index > 0) by.onAnswer(index - 1);
    });
    by.judge(answers.slice(1));
  });
}

/** `work` is everything before COMMIT: when it throws the transaction is gone, by an answered ROLLBACK or with its connection. */
async function committed<T>(mysql: Mysql, work: (session: Session) => Promise<T>): Promise<T> {
  const session = await mysql.pool.acquire();
  try {
    const result = await work(session).catch(async (error: unknown) => {
      await rollback(session);
      throw error;
    });
    await commit(session);
    return result;
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

async function rollback(session: Session): Promise<void> {
  // A statement that is still under way would be answered after us; its connection goes, and with it the transaction.
  if (session.pending > 0) session.destroy();
  if (session.broken) return;
  await session.query('ROLLBACK').catch((error: unknown) => session.destroy(error));
}

async function commit(session: Session): Promise<void> {
  if (session.broken) throw new UnavailableError('the connection to MySQL was lost before COMMIT');
  try {
    await session.query('COMMIT');
  } catch (error) {
    if (isLockConflict(error)) {
      await rollback(session);
      throw error;
    }
    session.destroy(error);
    throw new CommitUnknownError({ cause: error });
  }
}

import type { Duplex } from 'node:stream';
import { createConnection, format, type ResultSetHeader } from 'mysql2';
import { assert, UnavailableError } from '../domain/errors.ts';
import { endsSession, NoConnectionError, translated } from './errors.ts';

export type SessionOptions = { url: string; queryTimeoutMs: number; connectTimeoutMs: number; lockWaitSeconds: number };

export type Rows = Record<string, unknown>[];

/** One connection to MySQL. After any end other than an answer it is `broken` and is never used again. */
export type Session = {
  readonly broken: boolean;
  /** Statements sent or queued, and not answered yet. */
  readonly pending: number;
  /** Rejects with UnavailableError or mysql2's own error; a statement that is not answered in time ends the session. */
  query(sql: string, values?: readonly unknown[]): Promise<Rows | ResultSetHeader>;
  /**
   * Sends several statements without results of rows in one packet, each of them to be answered within the time of one after the one
   * before it; MySQL does none after one that fails. `onSuccess` is called after each that succeeded. Values must stand in the
   * text already, see `literal`.
   */
  script(statements: readonly string[], onSuccess: () => void): Promise<ResultSetHeader[]>;
  /** Ends the session at once; nothing that is still queued will be sent. May be repeated. */
  destroy(cause?: unknown): void;
  /** Tells the pool that an idle session has died. */
  onBroken: () => void;
};

const timezone = 'Z';
/** An object among the values is text, never a list of columns. */
const stringifyObjects = true;

// NO_BACKSLASH_ESCAPES must stay off, because mysql2 escapes by backslashes; the strict modes make wrong data an error.
const sqlMode =
  'ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION';

// A machine that vanishes between its last UPDATE and COMMIT, or a refusal and its ROLLBACK, leaves the hot row locked for so long, and
// no longer. The pool asks a session that was idle for five seconds before it is used again, so no living one is lost by this.
const silentSecondsMax = 8;

/** Connects and makes the session's settings certain; throws NoConnectionError, in time. Safe to retry. */
export async function openSession(options: SessionOptions): Promise<Session> {
  const connection = createConnection({
    uri: options.url,
    // Over at our own timer below, which also covers the settings; theirs only sees the handshake.
    connectTimeout: options.connectTimeoutMs,
    enableKeepAlive: true,
    keepAliveInitialDelay: 10_000,
    charset: 'utf8mb4',
    timezone,
    supportBigNumbers: true,
    decimalNumbers: true,
    jsonStrings: true,
    // Values are in the text by then, and searching a batch of orders for places to put some is a tenth of what it costs here.
    queryFormat: (text: string) => text,
    // For `script` alone: `query` lets no second statement through.
    multipleStatements: true,
  });
  const session = createSession(connection as unknown as RawConnection, options.queryTimeoutMs);
  const timer = setTimeout(
    () => session.destroy(new Error(`no session with MySQL within ${options.connectTimeoutMs} ms`)),
    options.connectTimeoutMs,
  );
  try {
    await session.query(
      'SET SESSION autocommit = 1, innodb_lock_wait_timeout = ?, wait_timeout = ?, sql_mode = ?, time_zone = ?',
      [options.lockWaitSeconds, silentSecondsMax, sqlMode, '+00:00'],
    );
    await session.query('SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED');
    return session;
  } catch (error) {
    session.destroy();
    throw new NoConnectionError('MySQL could not be reached', { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

/** The part of mysql2's connection that is used here; the typings lack `stream`. */
type RawConnection = {
  stream: Duplex;
  query(
    options: { sql: string },
    done: (error: unknown, result: Rows | ResultSetHeader | ResultSetHeader[]) => void,
  ): { on(event: 'result', listener: () => void): unknown };
  on(event: 'error' | 'end', listener: (error?: unknown) => void): unknown;
  destroy(): void;
};

function createSession(raw: RawConnection, queryTimeoutMs: number): Session {
  const pending = new Set<(error: unknown) => void>();
  let broken = false;

  function destroy(cause: unknown = new Error('the connection was destroyed')): void {
    if (broken) return;
    broken = true;
    // mysql2's destroy only says goodbye and would still send what is queued; taking the socket away does not.
    raw.destroy();
    raw.stream.destroy();
    for (const reject of [...pending]) reject(cause);
    session.onBroken();
  }

  function send<T>(sql: string, onSuccess?: () => void): Promise<T> {
    if (broken) return Promise.reject(new UnavailableError('the connection to MySQL is closed'));
    return new Promise((resolve, reject) => {
      const fail = (error: unknown): void => {
        if (!pending.delete(fail)) return;
        clearTimeout(timer);
        if (endsSession(error)) destroy(error);
        reject(translated(error));
      };
      const timer = setTimeout(() => fail(new Error(`not answered within ${queryTimeoutMs} ms`)), queryTimeoutMs);
      pending.add(fail);
      const sent = raw.query({ sql }, (error, result) => {
        if (error) return fail(error);
        if (!pending.delete(fail)) return;
        clearTimeout(timer);
        resolve(result as T);
      });
      if (!onSuccess) return;
      sent.on('result', () => {
        // One that is over is not started again.
        if (pending.has(fail)) timer.refresh();
        onSuccess();
      });
    });
  }

  const session: Session = {
    get broken() {
      return broken;
    },
    get pending() {
      return pending.size;
    },
    async query(sql, values = []) {
      assert(!sql.includes(';'), 'a statement has a second one behind it');
      return send(format(sql, [...values] as Parameters<typeof format>[1], stringifyObjects, timezone));
    },
    async script(statements, onSuccess) {
      // mysql2 answers one alone in another form.
      assert(statements.length > 1, 'a script has several statements');
      return send(statements.join(';'), onSuccess);
    },
    destroy,
    onBroken: () => undefined,
  };
  raw.on('error', (error) => destroy(error));
  raw.on('end', () => destroy(new Error('the server closed the connection')));
  return session;
}

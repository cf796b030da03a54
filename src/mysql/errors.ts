import { UnavailableError } from '../domain/errors.ts';

/** No connection could be had in time: nothing was sent, so nothing was done. Safe to retry. */
export class NoConnectionError extends UnavailableError {
  constructor(message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.name = 'NoConnectionError';
  }
}

/** COMMIT was sent and its answer is not known: the work may be done, or may yet be. Repeat it only under a unique key. */
export class CommitUnknownError extends UnavailableError {
  constructor(options: { cause: unknown }) {
    super('COMMIT was sent to MySQL and not answered', options);
    this.name = 'CommitUnknownError';
  }
}

// Matched by number: mysql2 names some of MariaDB's errors by MySQL's unrelated words.
const deadlock = 1213;
const lockTimeout = 1205;
// MariaDB 11.6+ under REPEATABLE READ says this where others would deadlock later.
const recordChanged = 1020;
const duplicateKey = 1062;

/** The server answered, and it ends the session with this answer. */
const sessionIsEnding = new Set([1053, 1077, 1079, 1152, 1158, 1159, 1160, 1161, 1184, 1927, 4031]);

/** The server answered that it cannot serve now: limits, read-only, storage full, cluster not ready, interrupted. */
const serverIsAway = new Set([
  1021, 1037, 1040, 1041, 1047, 1114, 1129, 1135, 1203, 1206, 1226, 1290, 1317, 1836, 1969, 3024, 3100, 3101, 3168,
]);

/** The server's error number, looked for along the causes; null when no server answered. */
export function errnoOf(error: unknown): number | null {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth += 1) {
    // Errors of the network carry a negative errno of the operating system: those are no answers.
    const { errno, sqlState } = at as Error & { errno?: unknown; sqlState?: unknown };
    if (typeof errno === 'number' && errno > 0 && sqlState !== undefined) return errno;
  }
  return null;
}

/** A deadlock or a lock not granted in time: the transaction was rolled back, repeat it as a whole. */
export function isLockConflict(error: unknown): boolean {
  const errno = errnoOf(error);
  return errno === deadlock || errno === lockTimeout || errno === recordChanged;
}

/** A unique key refused the row; only this statement was undone. */
export function isDuplicate(error: unknown): boolean {
  return errnoOf(error) === duplicateKey;
}

/** Whether the connection is of no more use after `error`: no answer came, or the server says that it hangs up. */
export function endsSession(error: unknown): boolean {
  const errno = errnoOf(error);
  return errno === null || sessionIsEnding.has(errno) || (error as { fatal?: unknown }).fatal === true;
}

/** What callers see of an error of mysql2: UnavailableError when another try may succeed, else the error itself. */
export function translated(error: unknown): Error {
  const known = error instanceof Error ? error : new Error(String(error));
  // The statement carries buyers' ids and may be very long: neither belongs into a log.
  if ('sql' in known) delete known.sql;
  if (known instanceof UnavailableError) return known;
  if (isLockConflict(known)) return new UnavailableError('MySQL did not grant a lock', { cause: known });
  const errno = errnoOf(known);
  const away = endsSession(known) || (errno !== null && serverIsAway.has(errno));
  return away ? new UnavailableError('MySQL is not available', { cause: known }) : known;
}

import { setTimeout as sleep } from 'node:timers/promises';
import { UnavailableError } from '../domain/errors.ts';
import type { Mysql } from './connection.ts';
import { CommitUnknownError, isLockConflict, NoConnectionError } from './errors.ts';
import { type Entry, isOpen, settleOverdue } from './order-entry.ts';
import { commitOrders, GuardRefusedError, type Quantities } from './order-transaction.ts';

/** How the attempts at one transaction ended; `entries` are those that the last of them was about. */
export type AttemptResult = { entries: Entry[] } & (
  | { status: 'committed'; createdAtMs: number }
  | { status: 'guard_refused' }
  /** MySQL refused the data: a key taken already, or a value that breaks a rule. Nothing was written. */
  | { status: 'refused'; error: unknown }
  /** Each entry's `doubt` tells whether certainly nothing was written. */
  | { status: 'gave_up'; error: unknown }
);

const lockRetriesMax = 4;
const awayRetriesMax = 1;

/** Commits the drafts of these entries, repeating what is worth repeating until their deadlines. Never throws. */
export async function attempt(mysql: Mysql, all: Entry[], left: Quantities): Promise<AttemptResult> {
  let entries = all;
  let error: unknown = null;
  for (const tries = { locks: 0, away: 0, all: 0 }; ; tries.all += 1) {
    settleOverdue(entries, Date.now());
    entries = entries.filter(isOpen);
    if (entries.length === 0) return { status: 'gave_up', entries, error };
    try {
      const { createdAtMs } = await commitOnce(mysql, entries, left);
      return { status: 'committed', createdAtMs, entries };
    } catch (caught) {
      error = caught;
    }
    if (error instanceof GuardRefusedError) return { status: 'guard_refused', entries };
    if (!(error instanceof UnavailableError)) return { status: 'refused', error, entries };
    // While an earlier COMMIT is in doubt only the deadline ends it: giving up would leave the buyer without an answer.
    const doubtful = entries.some((entry) => entry.doubt !== undefined);
    if (!doubtful && !worthRepeating(error, tries)) return { status: 'gave_up', error, entries };
    await sleep(5 + Math.random() * 20 * Math.min(tries.all + 1, 5));
  }
}

function worthRepeating(error: UnavailableError, tries: { locks: number; away: number }): boolean {
  if (isLockConflict(error)) {
    tries.locks += 1;
    return tries.locks <= lockRetriesMax;
  }
  // Without a connection another try would wait as long again, in vain.
  if (error instanceof NoConnectionError) return false;
  tries.away += 1;
  return tries.away <= awayRetriesMax;
}

async function commitOnce(mysql: Mysql, entries: readonly Entry[], left: Quantities): Promise<{ createdAtMs: number }> {
  for (const entry of entries) entry.inFlight = true;
  try {
    return await commitOrders(
      mysql,
      entries.map((entry) => entry.draft),
      left,
    );
  } catch (error) {
    if (error instanceof CommitUnknownError) for (const entry of entries) entry.doubt = error;
    throw error;
  } finally {
    for (const entry of entries) entry.inFlight = false;
  }
}

import { UnavailableError } from '../domain/errors.ts';
import type { CommitOutcome, OrderDraft } from '../domain/order.ts';

/** One caller of the order writer on its way to an outcome. */
export type Entry = {
  draft: OrderDraft;
  deadlineMs: number;
  answer: (outcome: CommitOutcome) => void;
  settled: boolean;
  /** A transaction with this draft is under way now: what becomes of it is not known. */
  inFlight: boolean;
  /**
   * Why it may be in MySQL, or come there yet, although we were not told. Nothing else than MySQL's word may then be called definite: that
   * a repeat failed says nothing, for the first may have been on its way all the time.
   */
  doubt: unknown;
  guardTries: number;
};

/** A caller that is not settled yet and about whom MySQL was told nothing. */
export function newEntry(draft: OrderDraft, deadlineMs: number, answer: Entry['answer']): Entry {
  return { draft, deadlineMs, answer, settled: false, inFlight: false, doubt: undefined, guardTries: 0 };
}

export function isOpen(entry: Entry): boolean {
  return !entry.settled;
}

/** Answers the caller; the first answer stands. */
export function settle(entry: Entry, outcome: CommitOutcome): void {
  if (entry.settled) return;
  entry.settled = true;
  entry.answer(outcome);
}

/** Answers that no outcome could be had: `failed` when certainly nothing was written, else `unknown`. */
export function settleFailure(entry: Entry, cause: unknown): void {
  if (entry.doubt !== undefined) settle(entry, { status: 'unknown', cause: entry.doubt });
  else if (entry.inFlight) settle(entry, { status: 'unknown', cause });
  else settle(entry, { status: 'failed', cause });
}

/** Answers callers whose deadline is over; what is under way for them goes on and is found by recovery. */
export function settleOverdue(entries: Iterable<Entry>, nowMs: number): void {
  for (const entry of entries)
    if (!entry.settled && entry.deadlineMs <= nowMs)
      settleFailure(entry, new UnavailableError('the deadline of the commit is over'));
}

/** How often each operation ended in which word. */
export type Tally = { operations: number; runs: number; comparisons: number; words: Map<string, Map<string, number>> };

export function createTally(): Tally {
  return { operations: 0, runs: 0, comparisons: 0, words: new Map() };
}

/** Counts one answer, or several alike. */
export function count(tally: Tally, kind: string, outcome: { status: string; replayed?: unknown }, times = 1): void {
  if (times === 0) return;
  const words = tally.words.get(kind) ?? new Map<string, number>();
  const word = outcome.replayed === true ? `${outcome.status} again` : outcome.status;
  words.set(word, (words.get(word) ?? 0) + times);
  tally.words.set(kind, words);
}

/** Every word that a long run must have heard: without one of them the generator has become toothless. */
const wordsToHear: Record<string, string[]> = {
  reserve: [
    ...['held', 'held again', 'sale_not_found', 'sale_not_open', 'sale_closed', 'sale_paused', 'ticket_type_not_found'],
    ...['limit_reached', 'sold_out', 'all_held', 'hold_expired', 'hold_released', 'idempotency_mismatch'],
  ],
  confirm: [
    ...['confirmed', 'confirmed again', 'hold_expired', 'hold_released', 'sold_out', 'limit_reached'],
    ...['not_your_hold', 'invalid_token'],
  ],
  release: [
    ...['released', 'released again', 'already_confirmed', 'confirm_in_progress', 'hold_expired'],
    ...['not_your_hold', 'invalid_token'],
  ],
  'admin release': [
    ...['released', 'released again', 'already_confirmed', 'confirm_in_progress', 'hold_expired', 'hold_not_found'],
  ],
  bucket: ['done', 'again'],
  switch: ['switched', 'sale_closed', 'idempotency_mismatch'],
  capacity: ['changed', 'capacity_in_use', 'ticket_type_not_found', 'idempotency_mismatch'],
  update: ['updated', 'invalid_window'],
  resync: ['resynced', 'idempotency_mismatch'],
  'attempt begins': ['begun', 'sold', 'released', 'expired', 'unknown', 'overdue'],
  'attempt commits': ['sold', 'already_sold', 'void', 'refused', 'fenced'],
  'attempt finishes': ['sold', 'already'],
  'attempt aborts': ['reopened', 'joined', 'ignored'],
  'late commit': ['sold, then confirmed again'],
  'half a decrease': ['withdrawn', 'insufficient'],
  lose: ['lost'],
  'in one turn': ['reserves', 'confirms'],
  'from memory': ['sold_out', 'all_held'],
};

/** The words of the table above that were never heard. */
export function unheard({ words }: Tally): string[] {
  return Object.entries(wordsToHear).flatMap(([kind, expected]) =>
    expected.filter((word) => !words.get(kind)?.has(word)).map((word) => `${kind}: ${word}`),
  );
}

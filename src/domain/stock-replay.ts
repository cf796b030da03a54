import { type Decision, parseCounts } from './decision.ts';
import type { StockCounts } from './sale.ts';

/** The decisions of one call of a script, with the counts that it left behind of every ticket type it changed. */
export type DecisionEntry = { entryId: string; decisions: Decision[]; counts: ReadonlyMap<string, StockCounts> };

/** A place in the log where counts are not what the decisions make of them: somebody else has written there. */
export type StockGap = {
  ticketTypeId: string;
  /** The last entry before; null when the log begins there. */
  afterEntryId: string | null;
  /** The entry that shows it; null when no entry came after it. */
  beforeEntryId: string | null;
  expected: StockCounts;
  found: StockCounts;
};

/** Stock as the decisions make it, with every gap. `counts` has only types that the log tells of. */
export type StockReplay = { counts: Map<string, StockCounts>; gaps: StockGap[]; lastEntryId: string | null };

type Move = [from: keyof StockCounts, to: keyof StockCounts];

/** The decisions that move the units of a hold, and where to. All others move nothing. */
const moves: Record<string, Move> = {
  'place placed': ['available', 'held'],
  'expire expired': ['held', 'available'],
  'release released': ['held', 'available'],
  'finish sold': ['held', 'sold'],
  'finish debited': ['available', 'sold'],
};

/** Begins a replay at the first entry of the log. */
export function beginReplay(): StockReplay {
  return { counts: new Map(), gaps: [], lastEntryId: null };
}

/** Forgets what was counted: entries are missing here, and the replay begins anew with what comes. */
export function interruptReplay(replay: StockReplay): void {
  replay.counts.clear();
  replay.lastEntryId = null;
}

/** Applies the next entry; counts that it contradicts become a gap, and the replay goes on from what it found. */
export function replayEntry(replay: StockReplay, { entryId, decisions, counts }: DecisionEntry): void {
  // An installed sale is counted from MySQL: what was there before says nothing about it.
  const isNew = decisions.some(({ verb }) => verb === 'install');
  if (isNew) replay.counts.clear();
  for (const decision of decisions) applyDecision(replay, decision, entryId);
  compareCounts(replay, counts, entryId);
  replay.lastEntryId = entryId;
}

/** Compares the end of the replay with the counts of now, read at the same moment as the last entry. */
export function endReplay(replay: StockReplay, now: ReadonlyMap<string, StockCounts>): void {
  compareCounts(replay, now, null);
}

function applyDecision(replay: StockReplay, { verb, outcome, lines, detail }: Decision, entryId: string): void {
  const move = moves[`${verb} ${outcome}`];
  for (const { ticketTypeId, quantity } of move ? lines : []) {
    const counts = replay.counts.get(ticketTypeId);
    if (!move || !counts) continue;
    const [from, to] = move;
    counts[from] -= quantity;
    counts[to] += quantity;
  }
  if (outcome === 'applied' || outcome === 'withdrawn') {
    for (const [ticketTypeId, growth = 0] of parseCounts(detail)) {
      const counts = replay.counts.get(ticketTypeId);
      if (counts) counts.available += growth;
    }
  }
  // A resync says what it found and then sets: what it found is compared, what it set is the new beginning.
  if (outcome === 'resynced') {
    compareCounts(replay, parseStock(detail), entryId);
    replay.counts.clear();
  }
}

function compareCounts(replay: StockReplay, counts: ReadonlyMap<string, StockCounts>, entryId: string | null): void {
  for (const [ticketTypeId, found] of counts) {
    const expected = replay.counts.get(ticketTypeId);
    if (expected && !sameCounts(expected, found)) {
      const { lastEntryId: afterEntryId } = replay;
      replay.gaps.push({ ticketTypeId, afterEntryId, beforeEntryId: entryId, expected: { ...expected }, found });
    }
    replay.counts.set(ticketTypeId, { ...found });
  }
}

function sameCounts(a: StockCounts, b: StockCounts): boolean {
  return a.available === b.available && a.held === b.held && a.sold === b.sold;
}

/** Counts of ticket types, packed as `ticketTypeId:available:held:sold,…`. */
export function parseStock(packed: string): Map<string, StockCounts> {
  const stock = new Map<string, StockCounts>();
  for (const [ticketTypeId, available = 0, held = 0, sold = 0] of parseCounts(packed)) {
    stock.set(ticketTypeId, { available, held, sold });
  }
  return stock;
}

import {
  type Books,
  type ComparedType,
  type Comparison,
  type DisputedHold,
  differencesOf,
  type Finding,
  type FindingKind,
  findingKinds,
} from './drift.ts';

/**
 * Explains every unit that differs: by the holds that the stores disagree about, by MySQL's own books, and what is left by the
 * count that was changed. Counts may only be set right while nothing unsafe was found and everything was looked at:
 * otherwise that would bury what a person has to see.
 */
export function explain(
  comparison: Comparison,
  disputed: readonly DisputedHold[],
  books: readonly Books[],
  { complete, owners }: { complete: boolean; owners: ReadonlyMap<string, string> },
): Finding[] {
  const ofHolds = disputed.flatMap(holdFindings);
  const ofBooks = books.flatMap(bookFindings);
  const ofCounts = [...missingFindings(comparison, owners), ...countFindings(comparison, disputed, books)];
  const countsAreSafe = complete && [...ofHolds, ...ofBooks].every((finding) => finding.safeToRepair);
  return [
    ...ofHolds,
    ...ofCounts.map((finding) => ({ ...finding, safeToRepair: finding.safeToRepair && countsAreSafe })),
    ...ofBooks,
  ];
}

function finding(kind: FindingKind, known: Partial<Finding>): Finding {
  return {
    kind,
    ticketTypeId: null,
    units: null,
    holdId: null,
    buyerId: null,
    redisState: null,
    mysqlOutcome: null,
    orderId: null,
    safeToRepair: findingKinds[kind].safe,
    ...known,
  };
}

function holdFindings({ kind, lines, ...known }: DisputedHold): Finding[] {
  if (lines.length === 0) return [finding(kind, known)];
  return lines.map(({ ticketTypeId, quantity }) => finding(kind, { ...known, ticketTypeId, units: quantity }));
}

function bookFindings({ ticketTypeId, capacity, sold, ordered, ledger }: Books): Finding[] {
  const beyondOrders = sold - ordered;
  const beyondLedger = ordered - (capacity - ledger);
  return [
    ...(beyondOrders === 0 ? [] : [finding('sold_without_order_lines', { ticketTypeId, units: beyondOrders })]),
    ...(beyondLedger === 0 ? [] : [finding('ledger_differs', { ticketTypeId, units: beyondLedger })]),
  ];
}

/** The units of a hold whose record is gone are known only when it is the only one: then they are what held has too much. */
function missingFindings(comparison: Comparison, owners: ReadonlyMap<string, string>): Finding[] {
  const known = (holdId: string) =>
    ({ holdId, buyerId: owners.get(holdId) ?? null, redisState: 'unknown' }) satisfies Partial<Finding>;
  const [only, ...others] = comparison.missingHoldIds;
  if (only === undefined) return [];
  const lines = comparison.ticketTypes.flatMap((type) => {
    const units = differencesOf(type, comparison).held;
    return units > 0 ? [{ ticketTypeId: type.ticketTypeId, units }] : [];
  });
  if (others.length > 0 || lines.length === 0) {
    return comparison.missingHoldIds.map((holdId) => finding('hold_missing', known(holdId)));
  }
  return lines.map((line) => finding('hold_missing', { ...known(only), ...line }));
}

function countFindings(comparison: Comparison, disputed: readonly DisputedHold[], books: readonly Books[]): Finding[] {
  return comparison.ticketTypes.flatMap((type) => {
    const found = unexplainedCounts(type, comparison, {
      toFinish: unitsOf(disputed, 'committed_not_finished', type.ticketTypeId),
      withoutOrder: unitsOf(disputed, 'sold_without_order', type.ticketTypeId),
      notIndexed: unitsOf(disputed, 'hold_not_indexed', type.ticketTypeId),
      beyondOrders: beyondOrders(books, type.ticketTypeId),
    });
    return Object.entries(found).flatMap(([kind, units]) =>
      units === 0 ? [] : [finding(kind as FindingKind, { ticketTypeId: type.ticketTypeId, units })],
    );
  });
}

/**
 * What is wrong with the counts themselves, once the holds have explained what they can. Available has no witness of its own:
 * it is accused only when the law is broken and the other three cannot be what breaks it.
 */
function unexplainedCounts(
  type: ComparedType,
  comparison: Comparison,
  explained: { toFinish: number; withoutOrder: number; notIndexed: number; beyondOrders: number },
): Partial<Record<FindingKind, number>> {
  const { capacity, unaccounted, ...differing } = differencesOf(type, comparison);
  const { toFinish, withoutOrder, beyondOrders: miscounted } = explained;
  const sold = comparison.soldCompared ? differing.sold + toFinish - withoutOrder + miscounted : 0;
  const held = type.live === null ? 0 : differing.held - explained.notIndexed;
  const available = capacity - held - sold - unaccounted;
  const isLawBroken = unaccounted !== 0 && available !== 0;
  const isWhole = type.live !== null && comparison.soldCompared && comparison.capacityCompared;
  const isAttributed = comparison.missingHoldIds.length === 1;
  return {
    capacity_differs: capacity,
    sold_differs: sold,
    counted_not_held: isAttributed ? 0 : Math.max(held, 0),
    held_not_counted: Math.min(held, 0),
    [isWhole ? 'available_differs' : 'unexplained']: isLawBroken ? available : 0,
  };
}

function unitsOf(disputed: readonly DisputedHold[], kind: DisputedHold['kind'], ticketTypeId: string): number {
  return disputed
    .filter((hold) => hold.kind === kind)
    .flatMap((hold) => hold.lines)
    .reduce((sum, line) => sum + (line.ticketTypeId === ticketTypeId ? line.quantity : 0), 0);
}

function beyondOrders(books: readonly Books[], ticketTypeId: string): number {
  const own = books.find((book) => book.ticketTypeId === ticketTypeId);
  return own ? own.sold - own.ordered : 0;
}

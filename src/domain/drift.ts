import type { HoldStatus, Line } from './hold.ts';
import type { TicketTypeStock } from './sale.ts';
import type { StockGap } from './stock-replay.ts';

/** What both stores count of one ticket type, as one look has seen it. */
export type ComparedType = {
  ticketTypeId: string;
  redis: Omit<TicketTypeStock, 'ticketTypeId'>;
  mysql: { capacity: number; sold: number };
  /** Units of the live holds, added up from the holds themselves; null when there are too many to be counted. */
  live: number | null;
  /** Units that MySQL has sold and Redis is still to hear of: their confirms are within their lease. */
  inFlight: number;
};

/** One comparison. Each part says whether it could be made, so that nothing is acquitted that was not looked at. */
export type Comparison = {
  ticketTypes: ComparedType[];
  /** Capacity: false while a change of the sale is on its way to Redis. */
  capacityCompared: boolean;
  /** Sold: false when confirms finished faster than both stores could be read. */
  soldCompared: boolean;
  /** Holds that are in an index of live holds and have no record. */
  missingHoldIds: string[];
  /** Live holds that MySQL has decided against. */
  voidHoldIds: string[];
};

/** Which counts of a ticket type disagree, and by how many units; a positive number is too much in Redis. */
export type Differences = {
  /** Capacity in Redis beyond MySQL's. */
  capacity: number;
  /** What the conservation law misses: capacity − available − held − sold. */
  unaccounted: number;
  /** Sold in Redis beyond MySQL's, but for what is in flight. */
  sold: number;
  /** Counted as held beyond what the live holds add up to. */
  held: number;
};

/** Why a unit differs. `…_differs`: a count was changed by something else than the scripts. */
export type FindingKind =
  /** There is an order, and in Redis its hold is not SOLD. */
  | 'committed_not_finished'
  /** MySQL has decided against the hold, and in Redis it is live. */
  | 'void_but_live'
  /** SOLD in Redis, and MySQL knows no order. */
  | 'sold_without_order'
  /** MySQL says that the hold was sold by an order, and has no such order. */
  | 'outcome_without_order'
  /** Indexed as live, and its record is gone. */
  | 'hold_missing'
  /** Live, and in no index: it would never lapse. */
  | 'hold_not_indexed'
  /** Counted as held beyond what the live holds add up to. */
  | 'counted_not_held'
  /** Held by live holds and not counted. */
  | 'held_not_counted'
  | 'capacity_differs'
  | 'available_differs'
  | 'sold_differs'
  /** The conservation law is broken, and not everything could be compared: which count is wrong cannot be told. */
  | 'unexplained'
  /** MySQL counts more (or fewer) sold than its order lines add up to. */
  | 'sold_without_order_lines'
  /** MySQL's ledger does not add up to what its order lines say. */
  | 'ledger_differs';

/** One thing that differs, with what each store says of it. Units below zero are missing. */
export type Finding = {
  kind: FindingKind;
  /** Null when it cannot be told any more. */
  ticketTypeId: string | null;
  units: number | null;
  holdId: string | null;
  buyerId: string | null;
  redisState: HoldStatus | 'unknown' | null;
  mysqlOutcome: 'sold' | 'void' | 'none' | null;
  orderId: string | null;
  safeToRepair: boolean;
};

/** A hold of which the two stores say different things. */
export type DisputedHold = {
  kind:
    | 'committed_not_finished'
    | 'void_but_live'
    | 'sold_without_order'
    | 'outcome_without_order'
    | 'hold_not_indexed';
  holdId: string;
  buyerId: string | null;
  lines: Line[];
  redisState: HoldStatus | 'unknown';
  mysqlOutcome: 'sold' | 'void' | 'none';
  orderId: string | null;
};

/** What MySQL's own tables add up to, per ticket type, all from one snapshot. */
export type Books = { ticketTypeId: string; capacity: number; sold: number; ordered: number; ledger: number };

/** `moving`: nothing differs, but confirms were too fast for `sold` to be compared. */
export type SaleAuditStatus = 'balanced' | 'in_flight' | 'moving' | 'drift';

/** What an audit of one sale has found. */
export type SaleAudit = {
  saleId: string;
  checkedAtMs: number;
  status: SaleAuditStatus;
  looks: number;
  comparison: Comparison;
  findings: Finding[];
  /** Where in the decision log counts were changed by something else than its decisions; looked up only for drift. */
  gaps: StockGap[];
  /** There may be more to find: the sale has more holds than one audit looks at. */
  truncated: boolean;
};

/** Every kind, for metrics and schemas, and whether Redis can be set right without a person's judgement. */
export const findingKinds = {
  committed_not_finished: { safe: true },
  void_but_live: { safe: true },
  sold_without_order: { safe: false },
  outcome_without_order: { safe: false },
  hold_missing: { safe: true },
  hold_not_indexed: { safe: false },
  counted_not_held: { safe: true },
  held_not_counted: { safe: true },
  capacity_differs: { safe: true },
  available_differs: { safe: true },
  sold_differs: { safe: true },
  unexplained: { safe: true },
  sold_without_order_lines: { safe: false },
  ledger_differs: { safe: false },
} as const satisfies Record<FindingKind, { safe: boolean }>;

/** Compares the counts of one ticket type; what could not be compared does not differ. */
export function differencesOf(type: ComparedType, { capacityCompared, soldCompared }: Comparison): Differences {
  const { capacity, available, held, sold } = type.redis;
  return {
    capacity: capacityCompared ? capacity - type.mysql.capacity : 0,
    unaccounted: capacity - available - held - sold,
    sold: soldCompared ? sold + type.inFlight - type.mysql.sold : 0,
    held: type.live === null ? 0 : held - type.live,
  };
}

/** Whether any count differs, or a live hold has no record or no right to live. */
export function differs(comparison: Comparison): boolean {
  return signatureOf(comparison) !== '';
}

/** What differs in how many units as one text: two looks that show the same drift have the same one; '' for none. */
export function signatureOf(comparison: Comparison): string {
  const counts = comparison.ticketTypes.flatMap((type) =>
    Object.entries(differencesOf(type, comparison)).flatMap(([count, units]) =>
      units === 0 ? [] : [`${type.ticketTypeId}.${count}:${units}`],
    ),
  );
  const missing = comparison.missingHoldIds.map((holdId) => `missing:${holdId}`);
  return [...counts, ...missing, ...comparison.voidHoldIds.map((holdId) => `void:${holdId}`)].join(' ');
}

/** Whether something differs in both looks in the very same way. What differs once only was on its way. */
export function differsInBoth(first: Comparison, second: Comparison): boolean {
  const before = new Set(signatureOf(first).split(' '));
  return signatureOf(second)
    .split(' ')
    .some((difference) => difference !== '' && before.has(difference));
}

/** How an audit that found no drift ends: `looks` is one where nothing differed. */
export function calmStatus(comparison: Comparison, looks: number): Exclude<SaleAuditStatus, 'drift'> {
  const isUnderWay = comparison.ticketTypes.some((type) => type.inFlight > 0) || !comparison.capacityCompared;
  if (isUnderWay || looks > 1) return 'in_flight';
  return comparison.soldCompared ? 'balanced' : 'moving';
}

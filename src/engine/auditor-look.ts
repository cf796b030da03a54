import type { ComparedType, Comparison } from '../domain/drift.ts';
import { assert, SaleLostError } from '../domain/errors.ts';
import type { HoldStatus } from '../domain/hold.ts';
import { type StockInMysql, stocksOf } from '../mysql/books.ts';
import { type HoldOutcome, readOutcomes } from '../mysql/outcomes.ts';
import { findSale, lockSale, type SaleRow } from '../mysql/sales.ts';
import type { Trx } from '../mysql/tables.ts';
import { transact } from '../mysql/transact.ts';
import { type Glance, glanceSales } from '../redis/glance-sales.ts';
import type { HoldRecord } from '../redis/hold-record.ts';
import { indexesOf, readHolds } from '../redis/read-holds.ts';
import { type LiveSale, readLiveSale } from '../redis/read-live-sale.ts';
import type { Context } from './context.ts';

/** How often a look begins anew because a confirm finished meanwhile. */
const TRIES_MAX = 5;
const OUTCOMES_PAGE = 500;

/** What a look needs of the engine. */
export type Stores = Pick<Context, 'config' | 'redis' | 'mysql'>;

/** Whether a hold in this state has its units in `held`. */
export function isLive(status: HoldStatus): boolean {
  return status === 'held' || status === 'confirming';
}

/**
 * Names the sales that need a close look: those with live holds, and those whose counts are not the same in both stores. Three
 * commands a sale and one statement for all. It only ever acquits; what looks wrong here may just be moving.
 */
export async function glance(context: Stores, saleIds: readonly string[]): Promise<string[]> {
  const inMysql = await stocksOf(context.mysql.db, saleIds);
  const inRedis = await glanceSales(context.redis, saleIds);
  return saleIds.filter((saleId) => !isQuiet(inMysql.get(saleId), inRedis.get(saleId)));
}

function isQuiet(inMysql: StockInMysql | undefined, inRedis: Glance | undefined): boolean {
  // A sale that Redis does not have is for reconciliation to rebuild, and the close look says so.
  if (!inMysql || !inRedis || inRedis.live !== 0) return false;
  if (inRedis.epoch !== inMysql.epoch || inRedis.version !== inMysql.version) return false;
  return inMysql.ticketTypes.every(({ ticketTypeId, capacity, sold }) => {
    const counts = inRedis.stock.find((row) => row.ticketTypeId === ticketTypeId);
    return (
      counts?.capacity === capacity && counts.sold === sold && counts.held === 0 && counts.available === capacity - sold
    );
  });
}

/**
 * Compares one sale exactly, also while it moves. Redis is read before and after MySQL's snapshot: while no confirm finished in
 * between, every order of the snapshot is SOLD in Redis or CONFIRMING there. Counts and ids of live holds are of one moment, and
 * the lines of a hold never change, so `held` can be checked at any speed. With `locked` it holds the sale's row meanwhile, so
 * that no admin operation stands between the stores. Null when there is no such sale. Throws SaleLostError, UnavailableError.
 */
export async function lookClosely(
  context: Stores,
  saleId: string,
  { locked }: { locked: boolean },
): Promise<Comparison | null> {
  for (let tries = 1; ; tries++) {
    const look = await lookOnce(context, saleId, locked);
    if (!look) return null;
    if (look.soldCompared || tries >= TRIES_MAX) return look;
  }
}

async function lookOnce(context: Stores, saleId: string, locked: boolean): Promise<Comparison | null> {
  const { holdsMax } = context.config.auditor;
  const before = await readLiveSale(context.redis, saleId, 0);
  const seen = await transact(context.mysql, { isolation: 'repeatable read', readOnly: !locked }, async (snapshot) => {
    const sale = await (locked ? lockSale(snapshot, saleId) : findSale(snapshot, saleId));
    if (!sale) return null;
    const after = await readLiveSale(context.redis, saleId, holdsMax);
    return { sale, after, outcomes: await outcomesOf(snapshot, after, holdsMax) };
  });
  if (!seen) return null;
  const { sale, after, outcomes } = seen;
  requireCounts(sale, after);
  if (!before?.intact || !after?.intact || after.epoch < sale.epoch) throw new SaleLostError(saleId);
  const isAll = countsAll(after, holdsMax);
  const decided = (word: 'sold' | 'void') =>
    [...outcomes].flatMap(([holdId, { outcome }]) => (outcome === word ? [holdId] : []));
  const sold = new Set(decided('sold'));
  const liveIds = isAll ? [...after.heldIds, ...after.leases.keys()] : [...sold];
  const records = await readHolds(context.redis, saleId, liveIds);
  const missingHoldIds = liveIds.filter((holdId) => !records.has(holdId));
  await dropStale(context, saleId, records);
  return {
    ticketTypes: compareTypes(sale, after, { records, sold, isAll }),
    capacityCompared: after.version === sale.version,
    soldCompared: before.finishes === after.finishes && before.epoch === after.epoch && after.leases.size <= holdsMax,
    missingHoldIds,
    voidHoldIds: decided('void'),
  };
}

/** A hash that lacks a count is no drift of units. No script can work on it, and no resync mends it. */
function requireCounts({ saleId, ticketTypes }: SaleRow, live: LiveSale | null): void {
  const isWhole = ticketTypes.every(({ ticketTypeId }) => {
    const counts = live?.stock.find((row) => row.ticketTypeId === ticketTypeId);
    return counts && [counts.capacity, counts.available, counts.held, counts.sold].every(Number.isSafeInteger);
  });
  assert(!live || isWhole, 'a count of a sale in Redis is missing or no number: delete its hash, and it is rebuilt', {
    saleId,
    stock: live?.stock,
  });
}

/** Whether there are few enough live holds for all of them to be added up. */
function countsAll({ heldIds, leases }: LiveSale, holdsMax: number): boolean {
  return heldIds.length + leases.size <= holdsMax;
}

/** What the snapshot has decided about the live holds: of all of them, or where there are too many of the CONFIRMING ones. */
async function outcomesOf(snapshot: Trx, live: LiveSale | null, holdsMax: number): Promise<Map<string, HoldOutcome>> {
  if (!live) return new Map();
  const ids = [...live.leases.keys(), ...(countsAll(live, holdsMax) ? live.heldIds : [])];
  const outcomes = new Map<string, HoldOutcome>();
  for (let at = 0; at < ids.length; at += OUTCOMES_PAGE) {
    const page = await readOutcomes(snapshot, ids.slice(at, at + OUTCOMES_PAGE));
    for (const [holdId, outcome] of page) outcomes.set(holdId, outcome);
  }
  return outcomes;
}

/**
 * Records were read after their ids: one that has ended since was live at that moment and counts. One that is still indexed was
 * not: a script takes a hold out of its index by the same stroke by which it ends it.
 */
async function dropStale(context: Stores, saleId: string, records: Map<string, HoldRecord>): Promise<void> {
  const ended = [...records.values()].filter((hold) => !isLive(hold.status)).map((hold) => hold.holdId);
  const indexes = await indexesOf(context.redis, saleId, ended);
  for (const [holdId, { isDue, leaseMs }] of indexes) if (isDue || leaseMs !== null) records.delete(holdId);
}

function compareTypes(
  sale: SaleRow,
  { stock, leases, nowMs }: LiveSale,
  { records, sold, isAll }: { records: Map<string, HoldRecord>; sold: Set<string>; isAll: boolean },
): ComparedType[] {
  const inFlight = [...records.values()].filter(
    (hold) => sold.has(hold.holdId) && (leases.get(hold.holdId) ?? 0) > nowMs,
  );
  return sale.ticketTypes.map(({ ticketTypeId, capacity }) => {
    const counts = stock.find((row) => row.ticketTypeId === ticketTypeId);
    const { capacity: inRedis = 0, available = 0, held = 0, sold: soldInRedis = 0 } = counts ?? {};
    return {
      ticketTypeId,
      redis: { capacity: inRedis, available, held, sold: soldInRedis },
      mysql: { capacity, sold: sale.sold[ticketTypeId] ?? 0 },
      live: isAll ? unitsOf([...records.values()], ticketTypeId) : null,
      inFlight: unitsOf(inFlight, ticketTypeId),
    };
  });
}

function unitsOf(holds: readonly HoldRecord[], ticketTypeId: string): number {
  return holds
    .flatMap((hold) => hold.lines)
    .reduce((sum, line) => sum + (line.ticketTypeId === ticketTypeId ? line.quantity : 0), 0);
}

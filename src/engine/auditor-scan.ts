import type { DisputedHold } from '../domain/drift.ts';
import { soldHoldIds } from '../mysql/books.ts';
import { orderByHold } from '../mysql/orders.ts';
import { type HoldOutcome, readOutcomes } from '../mysql/outcomes.ts';
import type { HoldRecord } from '../redis/hold-record.ts';
import { indexesOf, readHolds, scanHolds } from '../redis/read-holds.ts';
import { readClock } from '../redis/read-sale.ts';
import { isLive } from './auditor-look.ts';
import type { Context } from './context.ts';

/** Holds that looked wrong while the sale went on; `complete` is false when time or room did not suffice for all. */
export type Suspects = { holdIds: string[]; complete: boolean };

const PAGE = 500;
/** Whoever reads the findings has enough to do with these; the next round goes on with the others. */
const SUSPECTS_MAX = 100;

/**
 * Walks over every hold that Redis remembers and every one that MySQL has sold, page by page, and names those of which the two
 * say different things. The sale goes on meanwhile, so they are suspects: `dispute` judges them after a pause.
 */
export async function scan(context: Context, saleId: string, budgetMs: number): Promise<Suspects> {
  const until = performance.now() + budgetMs;
  const suspects = new Set<string>();
  const isOver = () => performance.now() > until || suspects.size > SUSPECTS_MAX;
  let complete = await scanRedis(context, saleId, { suspects, isOver });
  complete = (await scanMysql(context, saleId, { suspects, isOver })) && complete;
  return { holdIds: [...suspects].slice(0, SUSPECTS_MAX), complete: complete && suspects.size <= SUSPECTS_MAX };
}

type Scan = { suspects: Set<string>; isOver: () => boolean };

async function scanRedis(context: Context, saleId: string, { suspects, isOver }: Scan): Promise<boolean> {
  let cursor = '0';
  do {
    if (isOver()) return false;
    const page = await scanHolds(context.redis, saleId, cursor, PAGE);
    cursor = page.cursor;
    const ids = page.holds.map((hold) => hold.holdId);
    for (const holdId of (await judgeHolds(context, saleId, ids)).keys()) suspects.add(holdId);
  } while (cursor !== '0');
  return true;
}

/** Redis has told of the holds that it knows; these are those that it does not. */
async function scanMysql(context: Context, saleId: string, { suspects, isOver }: Scan): Promise<boolean> {
  for (let after = ''; ; ) {
    if (isOver()) return false;
    const ids = await soldHoldIds(context.mysql.db, { saleId, afterHoldId: after, limit: PAGE });
    const known = await readHolds(context.redis, saleId, ids);
    for (const holdId of ids) if (!known.has(holdId)) suspects.add(holdId);
    if (ids.length < PAGE) return true;
    after = ids.at(-1) ?? '';
  }
}

/** Of what kind the dispute about a hold is; null when both stores say the same. */
function kindOf(
  hold: HoldRecord | undefined,
  outcome: HoldOutcome | undefined,
  isIndexed: boolean,
): DisputedHold['kind'] | null {
  const isAlive = hold !== undefined && isLive(hold.status);
  if (outcome?.outcome === 'sold') return hold?.status === 'sold' ? null : 'committed_not_finished';
  if (hold?.status === 'sold') return 'sold_without_order';
  if (outcome?.outcome === 'void') return isAlive ? 'void_but_live' : null;
  return isAlive && !isIndexed ? 'hold_not_indexed' : null;
}

type Judged = { kind: DisputedHold['kind']; record: HoldRecord | undefined; outcome: HoldOutcome | undefined };

/**
 * Reads Redis, MySQL and Redis again, and keeps what is wrong from both sides: an order that was made between two reads, or that
 * Redis was told of, is none of that. A confirm within its lease is left to itself.
 */
async function judgeHolds(context: Context, saleId: string, holdIds: readonly string[]): Promise<Map<string, Judged>> {
  const before = await readSides(context, saleId, holdIds);
  const outcomes = await readOutcomes(context.mysql.db, holdIds);
  const kindIn = (sides: Sides, holdId: string) => {
    const { isDue = false, leaseMs = null } = sides.indexes.get(holdId) ?? {};
    const record = sides.records.get(holdId);
    const kind = kindOf(record, outcomes.get(holdId), isDue || leaseMs !== null);
    const isUnderWay = record?.status === 'confirming' && (leaseMs ?? 0) > sides.nowMs;
    return kind === 'committed_not_finished' && isUnderWay ? null : kind;
  };
  const wrong = holdIds.filter((holdId) => kindIn(before, holdId) !== null);
  if (wrong.length === 0) return new Map();
  const after = await readSides(context, saleId, wrong);
  return new Map(
    wrong.flatMap((holdId) => {
      const kind = kindIn(after, holdId);
      if (kind === null || kind !== kindIn(before, holdId)) return [];
      return [[holdId, { kind, record: after.records.get(holdId), outcome: outcomes.get(holdId) }]];
    }),
  );
}

type Sides = {
  records: Map<string, HoldRecord>;
  indexes: Awaited<ReturnType<typeof indexesOf>>;
  nowMs: number;
};

async function readSides({ redis }: Context, saleId: string, holdIds: readonly string[]): Promise<Sides> {
  const [records, indexes, nowMs] = await Promise.all([
    readHolds(redis, saleId, holdIds),
    indexesOf(redis, saleId, holdIds),
    readClock(redis),
  ]);
  return { records, indexes, nowMs };
}

/** Judges the suspects anew, and describes those that still differ. */
export async function dispute(context: Context, saleId: string, holdIds: readonly string[]): Promise<DisputedHold[]> {
  const disputed: DisputedHold[] = [];
  for (const [holdId, judged] of await judgeHolds(context, saleId, holdIds)) {
    disputed.push(await describe(context, holdId, judged));
  }
  return disputed;
}

async function describe(context: Context, holdId: string, { kind, record, outcome }: Judged): Promise<DisputedHold> {
  const order = outcome?.outcome === 'sold' ? await orderByHold(context.mysql.db, holdId) : null;
  const lines = (order ?? record)?.lines ?? [];
  return {
    kind: kind === 'committed_not_finished' && !order ? 'outcome_without_order' : kind,
    holdId,
    buyerId: order?.buyerId ?? (record?.buyerId || null),
    lines: lines.map(({ ticketTypeId, quantity }) => ({ ticketTypeId, quantity })),
    redisState: record?.status ?? 'unknown',
    mysqlOutcome: outcome?.outcome ?? 'none',
    orderId: order?.orderId ?? outcome?.orderId ?? null,
  };
}

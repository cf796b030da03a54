import { CampaignLostError, InvariantError, UnavailableError } from '../domain/errors.ts';
import { type DeadLetter, insertDeadLetter } from '../mysql/coupon-dead-letters.ts';
import { type CouponRow, insertCouponsAt } from '../mysql/coupons.ts';
import { ackCoupons } from '../redis/ack-coupons.ts';
import type { StreamEntry } from '../redis/coupon-stream.ts';
import { readTries, writeTries } from '../redis/coupon-tries.ts';
import type { CouponDeps } from './coupon-deps.ts';
import { toCoupon } from './coupon-entry.ts';

/** Entries of one campaign with the run of the Redis server and the epoch that they were read under. */
export type Batch = { campaignId: string; runId: string; epoch: number; entries: StreamEntry[] };

/** Also told of every dead letter, after its row is committed: for a metric. */
export type StoreDeps = CouponDeps & { onDeadLetter: (letter: DeadLetter) => void };

/** The wait after the first refusal of an entry; it doubles with each further one. */
const RETRY_AFTER_MS = 250;
const ERROR_CHARS_MAX = 2000;

/**
 * Writes entries to MySQL and takes them out of the stream after the commit. Entries that MySQL refuses for their data count
 * a try each and stay, until `triesMax` makes them dead letters; their neighbours are stored. Returns when the first of those
 * that stay may be tried again (Unix ms), or null. Throws when a store is away, and that counts as nobody's try;
 * CampaignLostError when a rebuild has begun since the entries were read: they may be gone from Redis, and what the rebuild
 * has counted must not grow behind its back. Safe to repeat after anything, also by several consumers at once.
 */
export async function storeEntries(deps: StoreDeps, batch: Batch): Promise<number | null> {
  const { campaignId, entries } = batch;
  const ids = entries.map((entry) => entry.entryId);
  const tries = await readTries(deps.redis, campaignId, ids);
  const notBeforeMs = (entry: StreamEntry) => tries.get(entry.entryId)?.notBeforeMs ?? 0;
  const nowMs = Date.now();
  const due = entries.filter((entry) => notBeforeMs(entry) <= nowMs);
  const retries = entries.map(notBeforeMs).filter((atMs) => atMs > nowMs);

  const faults = await insertAll(deps, batch, due);
  await ack(
    deps,
    batch,
    due.filter((entry) => !faults.has(entry.entryId)),
  );
  for (const entry of due) {
    const error = faults.get(entry.entryId);
    if (!error) continue;
    const atMs = await refuse(deps, batch, { entry, error, tries: (tries.get(entry.entryId)?.tries ?? 0) + 1 });
    if (atMs !== null) retries.push(atMs);
  }
  return retries.length > 0 ? Math.min(...retries) : null;
}

async function ack({ redis }: StoreDeps, { campaignId, runId }: Batch, entries: StreamEntry[]): Promise<void> {
  if (entries.length === 0) return;
  await ackCoupons(redis, { campaignId, runId, entryIds: entries.map((entry) => entry.entryId) });
}

/** Stores what can be stored and names the fault of every entry that can not. */
async function insertAll(
  { mysql }: StoreDeps,
  { campaignId, epoch }: Batch,
  entries: StreamEntry[],
): Promise<Map<string, Error>> {
  const faults = new Map<string, Error>();
  for (const group of groupsOf(campaignId, entries, faults)) {
    const rows = [...group.values()].map(({ row }) => row);
    const refused = await insertCouponsAt(mysql, { campaignId, epoch }, rows);
    if (refused === 'fenced') throw new CampaignLostError(campaignId);
    for (const { couponId, error } of refused) {
      for (const entryId of group.get(couponId)?.entryIds ?? []) faults.set(entryId, error);
    }
  }
  return faults;
}

type Group = Map<string, { row: CouponRow; entryIds: string[] }>;

/**
 * One group of distinct coupons, in the order of ids as all writers lock them; a coupon that stands in the stream twice is one
 * row. An entry that claims the id or the buyer of an earlier one is a group of its own, stored after it, so that the first
 * wins and the fault is not laid on both.
 */
function groupsOf(campaignId: string, entries: StreamEntry[], faults: Map<string, Error>): Group[] {
  const distinct: Group = new Map();
  const buyers = new Set<string>();
  const apart: Group[] = [];
  for (const { entryId, fields } of entries) {
    // Deleted by somebody's hand: nothing is left to store, only to acknowledge.
    if (Object.keys(fields).length === 0) continue;
    const coupon = toCoupon(fields);
    if (!coupon) {
      faults.set(entryId, new InvariantError('the entry is malformed'));
      continue;
    }
    const { couponId, buyerId } = coupon;
    const known = distinct.get(couponId);
    const item = { row: { ...coupon, campaignId }, entryIds: [entryId] };
    if (known?.row.buyerId === buyerId) known.entryIds.push(entryId);
    else if (known || buyers.has(buyerId)) apart.push(new Map([[couponId, item]]));
    else {
      distinct.set(couponId, item);
      buyers.add(buyerId);
    }
  }
  const sorted = new Map([...distinct].sort(([a], [b]) => (a < b ? -1 : 1)));
  return sorted.size > 0 ? [sorted, ...apart] : apart;
}

/** Counts one try of an entry; the last one makes it a dead letter. Returns when to try again, or null when it is gone. */
async function refuse(
  deps: StoreDeps,
  batch: Batch,
  { entry, error, tries }: { entry: StreamEntry; error: Error; tries: number },
): Promise<number | null> {
  const { campaignId } = batch;
  const { entryId } = entry;
  if (tries >= deps.config.couponConsumer.triesMax) return bury(deps, batch, { entry, error, tries });
  const notBeforeMs = Date.now() + RETRY_AFTER_MS * 2 ** (tries - 1);
  await writeTries(deps.redis, campaignId, entryId, { tries, notBeforeMs });
  deps.log.warn({ campaignId, entryId, tries, err: error }, 'a coupon was refused by MySQL and will be tried again');
  return notBeforeMs;
}

async function bury(
  deps: StoreDeps,
  batch: Batch,
  { entry, error, tries }: { entry: StreamEntry; error: Error; tries: number },
): Promise<number | null> {
  const { campaignId } = batch;
  const { entryId, fields } = entry;
  const about = { campaignId, entryId, tries };
  const letter: DeadLetter = {
    ...about,
    payload: JSON.stringify(fields),
    error: error.message.slice(0, ERROR_CHARS_MAX),
    createdAtMs: Date.now(),
  };
  try {
    await insertDeadLetter(deps.mysql.db, letter);
  } catch (failure) {
    if (failure instanceof UnavailableError) throw failure;
    // Neither kept nor forgotten: it stays in the stream, in nobody's way, until somebody has mended the table.
    deps.log.error({ ...about, err: failure }, 'a dead letter could not be stored and will be tried again');
    return Date.now() + RETRY_AFTER_MS * 2 ** tries;
  }
  deps.log.error({ ...about, err: error }, 'a coupon could not be stored: see coupon_dead_letters');
  deps.onDeadLetter(letter);
  await ack(deps, batch, [entry]);
  return null;
}

import { CampaignLostError } from '../domain/errors.ts';
import { claimCoupons, type Reader, readCoupons, reopenGroup, type StreamRead } from '../redis/coupon-stream.ts';
import { dropCouponConsumers } from '../redis/drop-coupon-consumers.ts';
import { type StoreDeps, storeEntries } from './coupon-batch.ts';
import type { CampaignRebuilder } from './coupon-rebuild.ts';

/** What a consumer keeps of one campaign's stream. Times are those of performance.now(). */
export type Lane = {
  campaignId: string;
  /** While own pending entries are read again: the id that was read last. */
  cursor: string | null;
  ownDueMs: number;
  claimCursor: string;
  claimDueMs: number;
  dropDueMs: number;
  /** When the lane wants its next turn, and how long it waits after an empty one. */
  dueMs: number;
  idleMs: number;
  failures: number;
};

export type LaneDeps = StoreDeps & { consumer: string; rebuilder: CampaignRebuilder };

const IDLE_MIN_MS = 10;
const FAILURE_MIN_MS = 100;
const FAILURE_MAX_MS = 2000;
const DROP_EVERY_MS = 600_000;
const DROP_AFTER_MS = 3_600_000;

/** A lane begins with what this consumer may have left unfinished. */
export function openLane(campaignId: string): Lane {
  const now = performance.now();
  return {
    campaignId,
    cursor: null,
    ownDueMs: now,
    claimCursor: '0-0',
    claimDueMs: now,
    dropDueMs: now + DROP_EVERY_MS,
    dueMs: now,
    idleMs: 0,
    failures: 0,
  };
}

/**
 * Reads one batch and stores it; says afterwards when the lane is due again. What dead consumers left comes first, then own
 * unfinished entries, then new ones. Never throws: a lane whose stores are away waits, and then reads its own pending again.
 */
export async function turnLane(deps: LaneDeps, lane: Lane): Promise<void> {
  const { campaignId } = lane;
  try {
    const read = await readNext(deps, lane);
    if (read.status === 'no_group') return await reopen(deps, lane);
    if (read.entries.length === 0) return rest(lane, lane.idleMs * 2, deps.config.couponConsumer.blockMs);
    const { runId, epoch, entries } = read;
    if (epoch === null) throw new CampaignLostError(campaignId);
    const retryAtMs = await storeEntries(deps, { campaignId, runId, epoch, entries });
    if (retryAtMs !== null) {
      lane.ownDueMs = Math.min(lane.ownDueMs, performance.now() + Math.max(retryAtMs - Date.now(), 0));
    }
    lane.failures = 0;
    lane.idleMs = 0;
    lane.dueMs = performance.now();
  } catch (error) {
    pauseLane(lane);
    if (error instanceof CampaignLostError) return deps.rebuilder.start(campaignId);
    deps.log.warn(
      { campaignId, failures: lane.failures, err: error },
      'coupons could not be written and will be again',
    );
  }
}

async function readNext(deps: LaneDeps, lane: Lane): Promise<StreamRead> {
  const { batchMax, claimIdleMs } = deps.config.couponConsumer;
  const reader: Reader = { campaignId: lane.campaignId, consumer: deps.consumer, countMax: batchMax };
  const now = performance.now();
  if (now >= lane.claimDueMs) {
    const claimed = await claimCoupons(deps.redis, reader, { idleMs: claimIdleMs, cursor: lane.claimCursor });
    if (claimed.status === 'no_group') return claimed;
    lane.claimCursor = claimed.cursor;
    if (claimed.cursor === '0-0') lane.claimDueMs = now + claimIdleMs / 2;
    if (claimed.entries.length > 0) return claimed;
  }
  if (now >= lane.dropDueMs) {
    await dropCouponConsumers(deps.redis, { campaignId: lane.campaignId, idleMs: DROP_AFTER_MS });
    lane.dropDueMs = now + DROP_EVERY_MS;
  }
  return (await readOwn(deps, lane, reader, now)) ?? readCoupons(deps.redis, reader, '>');
}

/** One more page of the entries that were delivered to us and are not finished; null when there are none, or not yet. */
async function readOwn(deps: LaneDeps, lane: Lane, reader: Reader, now: number): Promise<StreamRead | null> {
  if (lane.cursor === null && now >= lane.ownDueMs) {
    lane.cursor = '0';
    lane.ownDueMs = Number.POSITIVE_INFINITY;
  }
  if (lane.cursor === null) return null;
  const read = await readCoupons(deps.redis, reader, lane.cursor);
  if (read.status === 'no_group') return read;
  lane.cursor = read.entries.at(-1)?.entryId ?? null;
  return lane.cursor === null ? null : read;
}

/** A stream that is gone though its campaign is there has lost coupons, and the rebuild finds out which. */
async function reopen(deps: LaneDeps, lane: Lane): Promise<void> {
  const found = await reopenGroup(deps.redis, lane.campaignId);
  if (found === 'stream_lost') deps.rebuilder.start(lane.campaignId);
  // Without a group nothing is delivered to us, so there is nothing of our own to be read again.
  lane.cursor = null;
  lane.ownDueMs = Number.POSITIVE_INFINITY;
  const { blockMs } = deps.config.couponConsumer;
  rest(lane, found === 'opened' ? 0 : blockMs, blockMs);
}

function rest(lane: Lane, idleMs: number, idleMaxMs: number): void {
  lane.failures = 0;
  lane.idleMs = Math.min(Math.max(idleMs, IDLE_MIN_MS), idleMaxMs);
  lane.dueMs = Math.min(performance.now() + lane.idleMs, lane.ownDueMs);
}

function pauseLane(lane: Lane): void {
  const backOffMs = Math.min(FAILURE_MIN_MS * 2 ** lane.failures, FAILURE_MAX_MS);
  lane.failures = Math.min(lane.failures + 1, 30);
  lane.dueMs = performance.now() + backOffMs * (0.5 + Math.random());
  lane.cursor = null;
  lane.ownDueMs = lane.dueMs;
}

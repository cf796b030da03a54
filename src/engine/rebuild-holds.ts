import { type HoldRecord, unpackHold } from '../redis/hold-record.ts';
import { scanHolds } from '../redis/read-holds.ts';
import { readClock } from '../redis/read-sale.ts';
import { readStaged, type Stage, stageBuyers, stageHolds } from '../redis/stage-sale.ts';
import type { RebuildDeps } from './rebuild.ts';

/** How many units and holds of the old sale live on. */
export type OldHolds = { held: Map<string, number>; holds: number };

const PAGE = 500;

/**
 * Carries the holds of a suspended sale over: recorded outcomes win, CONFIRMING becomes HELD (no attempt of the old epoch can
 * commit), ended ones stay remembered. A sold hold without an order in MySQL is not carried over: MySQL is the truth.
 */
export async function stageOldHolds(
  deps: RebuildDeps,
  { saleId, stage }: { saleId: string; stage: Stage },
): Promise<OldHolds> {
  const held = new Map<string, number>();
  const buyers = new Map<string, { held: number; holdIds: string[] }>();
  const seen = new Set<string>();
  const nowMs = await readClock(deps.redis);
  let cursor = '0';
  do {
    const page = await scanHolds(deps.redis, saleId, cursor, PAGE);
    cursor = page.cursor;
    // A scan may name a hold twice.
    const fresh = page.holds.filter((hold) => !seen.has(hold.holdId));
    const outcomes = await readStaged(
      deps.redis,
      stage,
      'holds',
      fresh.map((hold) => hold.holdId),
    );
    const kept = fresh.filter((hold, index) => outcomes[index] === null && hold.status !== 'sold');
    const staged = kept.map((hold) => carryOver(deps, hold, nowMs));
    const sold = fresh.flatMap((hold, index) => soldAgain(hold, outcomes[index] ?? null));
    await stageHolds(deps.redis, stage, [...staged, ...sold]);
    for (const hold of staged) {
      if (hold.status !== 'held') continue;
      seen.add(hold.holdId);
      count(hold, held, buyers);
    }
  } while (cursor !== '0');
  await stageHolders(deps, stage, buyers);
  return { held, holds: seen.size };
}

/** MySQL knows when an order was made, but not what its hold had promised: that is taken over, so that a replay says the same. */
function soldAgain(hold: HoldRecord, outcome: string | null): HoldRecord[] {
  const decided = outcome === null ? null : unpackHold(hold.saleId, hold.holdId, outcome);
  if (decided?.status !== 'sold') return [];
  const { placedAtMs, expiresAtMs, deadlineMs, keyed } = hold;
  return [{ ...decided, placedAtMs, expiresAtMs, deadlineMs, keyed }];
}

function carryOver({ config }: RebuildDeps, hold: HoldRecord, nowMs: number): HoldRecord & { forgetAtMs?: number } {
  const { graceMs, graceMaxMs, keyedMemoryMs, memoryMs } = config.hold;
  if (hold.status === 'held') return { ...hold, epoch: 0 };
  if (hold.status === 'confirming') {
    // The interruption is ours, so the buyer gets time for another try.
    const deadlineMs = Math.max(hold.deadlineMs, Math.min(nowMs + graceMs, hold.expiresAtMs + graceMaxMs));
    return { ...hold, status: 'held', deadlineMs, epoch: 0, attempts: '' };
  }
  const memory = hold.keyed ? keyedMemoryMs : memoryMs;
  return { ...hold, epoch: 0, forgetAtMs: Math.max(nowMs, hold.expiresAtMs) + memory };
}

function count(
  hold: HoldRecord,
  held: Map<string, number>,
  buyers: Map<string, { held: number; holdIds: string[] }>,
): void {
  const buyer = buyers.get(hold.buyerId) ?? { held: 0, holdIds: [] };
  for (const { ticketTypeId, quantity } of hold.lines) {
    held.set(ticketTypeId, (held.get(ticketTypeId) ?? 0) + quantity);
    buyer.held += quantity;
  }
  buyer.holdIds.push(hold.holdId);
  buyers.set(hold.buyerId, buyer);
}

/** Adds what buyers hold to what they have bought, which is staged already. */
async function stageHolders(
  deps: RebuildDeps,
  stage: Stage,
  buyers: Map<string, { held: number; holdIds: string[] }>,
): Promise<void> {
  const entries = [...buyers];
  for (let at = 0; at < entries.length; at += PAGE) {
    const chunk = entries.slice(at, at + PAGE);
    const staged = await readStaged(
      deps.redis,
      stage,
      'buyers',
      chunk.map(([buyerId]) => buyerId),
    );
    await stageBuyers(
      deps.redis,
      stage,
      chunk.map(([buyerId, buyer], index) => ({
        buyerId,
        ...buyer,
        bought: Number(staged[index]?.split(',')[1] ?? 0),
      })),
    );
  }
}

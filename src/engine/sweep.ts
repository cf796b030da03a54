import { expireHolds } from '../redis/expire-holds.ts';
import { forgetHolds } from '../redis/forget-holds.ts';
import type { Context } from './context.ts';
import { memoryOf } from './memory.ts';
import { createPace } from './pace.ts';

/** Lapsed holds given back, and when the next one is due by Redis's clock (null: nothing is held). */
export type Swept = { holds: number; nowMs: number; nextDeadlineMs: number | null };

/** Gives back everything of a sale that is due, slice by slice. Safe to repeat and to race. Throws UnavailableError. */
export function expireSale(context: Context, saleId: string): Promise<Swept> {
  return context.expiryTurns.run(saleId, () => expireInTurn(context, saleId));
}

/** As `expireSale`, but leaves a sale to whoever is at it in this process, so that the others are not kept waiting. */
export async function sweepSale(context: Context, saleId: string): Promise<number> {
  if (context.expiryTurns.isBusy(saleId)) return 0;
  return (await expireSale(context, saleId)).holds;
}

async function expireInTurn(context: Context, saleId: string): Promise<Swept> {
  const pause = createPace();
  let holds = 0;
  for (;;) {
    const reply = await expireHolds(context.redis, {
      saleId,
      linesMax: context.config.hold.sliceMax,
      options: memoryOf(context),
    }).catch(context.rebuilder.orThrow);
    holds += reply.holds;
    if (reply.holds > 0) context.shortages.forget(saleId);
    if (reply.status === 'done') return { holds, nowMs: reply.nowMs, nextDeadlineMs: reply.nextDeadlineMs };
    await pause();
  }
}

/**
 * One expiry job: expires what is due. A job that ran before its bucket ended, by a clock that is ahead of Redis's, is told
 * when to come again.
 */
export async function expireBucket(
  context: Context,
  { saleId, bucketEndMs }: { saleId: string; bucketEndMs: number },
): Promise<{ holds: number; againInMs: number | null }> {
  const { holds, nowMs } = await expireSale(context, saleId);
  return { holds, againInMs: nowMs < bucketEndMs ? bucketEndMs - nowMs : null };
}

/** Drops ended holds whose memory is over. Safe to repeat. Throws UnavailableError. */
export async function forgetEnded(context: Context, saleId: string): Promise<number> {
  const holdsMax = context.config.hold.sliceMax;
  const pause = createPace();
  let forgotten = 0;
  for (;;) {
    const holds = await forgetHolds(context.redis, { saleId, holdsMax });
    forgotten += holds;
    if (holds < holdsMax) return forgotten;
    await pause();
  }
}

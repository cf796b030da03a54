import { SaleLostError } from '../domain/errors.ts';
import type { ReleaseOutcome } from '../domain/hold.ts';
import { type ReleaseReply, releaseHold } from '../redis/release-hold.ts';
import type { Context } from './context.ts';
import { outcomeOf } from './judge.ts';
import { memoryOf } from './memory.ts';

/** How soon a buyer may ask again while a confirm of the same hold is under way. */
const CONFIRM_RETRY_MS = 1000;

/** Gives the buyer's hold back. Safe to retry. Throws UnavailableError. */
export async function release(
  context: Context,
  { buyerId, token }: { buyerId: string; token: string },
): Promise<ReleaseOutcome> {
  const receipt = context.receipts.read(token);
  if (!receipt) return { status: 'invalid_token' };
  if (receipt.buyerId !== buyerId) return { status: 'not_your_hold' };
  return releaseById(context, { saleId: receipt.saleId, holdId: receipt.holdId, buyerId });
}

/** As `release`, by id; `buyerId` null is an admin, who may release anybody's hold. */
export async function releaseById(
  context: Context,
  { saleId, holdId, buyerId }: { saleId: string; holdId: string; buyerId: string | null },
): Promise<ReleaseOutcome> {
  const reply = await releaseHold(context.redis, { saleId, holdId, buyerId, options: memoryOf(context) }).catch(
    (error: unknown) => {
      if (error instanceof SaleLostError) context.rebuilder.start(saleId);
      throw error;
    },
  );
  return outcomeOfRelease(context, holdId, reply);
}

async function outcomeOfRelease(context: Context, holdId: string, reply: ReleaseReply): Promise<ReleaseOutcome> {
  switch (reply.status) {
    case 'released':
      return { status: 'released', holdId, replayed: reply.replayed };
    case 'not_yours':
      return { status: 'not_your_hold' };
    case 'confirming':
      return { status: 'confirm_in_progress', retryAfterMs: CONFIRM_RETRY_MS };
    case 'sold':
    case 'expired':
    case 'unknown': {
      // Redis may be behind or have forgotten: an order wins.
      const { outcome, orderId } = await outcomeOf(context, holdId);
      return outcome === 'sold' && orderId !== null
        ? { status: 'already_confirmed', orderId }
        : { status: 'hold_expired' };
    }
  }
}

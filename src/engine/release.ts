import type { Receipt, ReleaseOutcome } from '../domain/hold.ts';
import { type ReleaseReply, releaseHold } from '../redis/release-hold.ts';
import type { Context } from './context.ts';
import { outcomeOf } from './judge.ts';
import { memoryOf } from './memory.ts';
import { place, placingOf } from './reserve.ts';

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
  const { saleId, holdId } = receipt;
  const outcome = await releaseById(context, { saleId, holdId, buyerId });
  return outcome.status === 'hold_not_found' ? releaseForgotten(context, receipt) : outcome;
}

/**
 * A valid token whose hold was lost with Redis could still buy. So the hold is placed again and released, and is remembered as
 * such; where it can not be placed there is nothing to give back.
 */
async function releaseForgotten(context: Context, receipt: Receipt): Promise<ReleaseOutcome> {
  const { saleId, holdId, buyerId } = receipt;
  const { status } = await place(context, placingOf(receipt), saleId);
  if (status === 'receipt_expired') return { status: 'hold_expired' };
  const outcome = await releaseById(context, { saleId, holdId, buyerId });
  return outcome.status === 'hold_not_found' ? { status: 'released', holdId, replayed: false } : outcome;
}

/** As `release`, by id; `buyerId` null is an admin, who may release anybody's hold. */
export async function releaseById(
  context: Context,
  { saleId, holdId, buyerId }: { saleId: string; holdId: string; buyerId: string | null },
): Promise<ReleaseOutcome | { status: 'hold_not_found' }> {
  const reply = await releaseHold(context.redis, { saleId, holdId, buyerId, options: memoryOf(context) }).catch(
    context.rebuilder.orThrow,
  );
  return outcomeOfRelease(context, holdId, reply);
}

async function outcomeOfRelease(
  context: Context,
  holdId: string,
  reply: ReleaseReply,
): Promise<ReleaseOutcome | { status: 'hold_not_found' }> {
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
      if (outcome === 'sold' && orderId !== null) return { status: 'already_confirmed', orderId };
      return { status: reply.status === 'unknown' && outcome === 'none' ? 'hold_not_found' : 'hold_expired' };
    }
  }
}

import type { Receipt, ReleaseOutcome } from '../domain/hold.ts';
import { insertVoid } from '../mysql/outcomes.ts';
import { readClock } from '../redis/read-sale.ts';
import { type ReleaseReply, releaseHold } from '../redis/release-hold.ts';
import type { Context } from './context.ts';
import { outcomeOf, rememberVoid } from './judge.ts';
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
  const { saleId, holdId, lines } = receipt;
  const outcome = await releaseById(context, { saleId, holdId, owner: { buyerId, lines } });
  return outcome.status === 'hold_not_found' ? releaseForgotten(context, receipt) : outcome;
}

/**
 * A valid token whose hold was lost with Redis could still buy, and a confirm of it may be on its way. So MySQL decides against
 * it, for ever; what Redis may hold of it by then goes back, and its id stays ended.
 */
async function releaseForgotten(context: Context, { saleId, holdId, expiresAtMs }: Receipt): Promise<ReleaseOutcome> {
  const nowMs = await readClock(context.redis);
  // Long after the deadline and all grace no confirm can be on its way: the id was forgotten in its time.
  if (expiresAtMs + context.config.hold.memoryMs <= nowMs) return { status: 'hold_expired' };
  const word = await insertVoid(context.mysql, { saleId, holdId });
  if (word.outcome === 'sold') return { status: 'already_confirmed', orderId: word.orderId };
  await rememberVoid(context, saleId, holdId);
  return expiresAtMs <= nowMs ? { status: 'hold_expired' } : { status: 'released', holdId, replayed: false };
}

/** As `release`, by id; `owner` null is an admin, who may release anybody's hold. */
export async function releaseById(
  context: Context,
  {
    saleId,
    holdId,
    owner,
  }: { saleId: string; holdId: string; owner: { buyerId: string; lines: Receipt['lines'] } | null },
): Promise<ReleaseOutcome | { status: 'hold_not_found' }> {
  const reply = await releaseHold(context.redis, { saleId, holdId, owner, options: memoryOf(context) }).catch(
    context.rebuilder.orThrow,
  );
  return outcomeOfRelease(context, { saleId, holdId }, reply);
}

async function outcomeOfRelease(
  context: Context,
  { saleId, holdId }: { saleId: string; holdId: string },
  reply: ReleaseReply,
): Promise<ReleaseOutcome | { status: 'hold_not_found' }> {
  switch (reply.status) {
    case 'released':
      context.shortages.forget(saleId);
      return { status: 'released', holdId, replayed: reply.replayed };
    case 'not_yours':
      return { status: 'not_your_hold' };
    case 'confirming':
      return { status: 'confirm_in_progress', retryAfterMs: CONFIRM_RETRY_MS };
    case 'sold':
    case 'expired':
    case 'unknown': {
      // It may have lapsed only now, and then its tickets are there again.
      if (reply.status === 'expired') context.shortages.forget(saleId);
      // Redis may be behind or have forgotten: an order wins.
      const { outcome, orderId } = await outcomeOf(context, holdId);
      if (outcome === 'sold' && orderId !== null) return { status: 'already_confirmed', orderId };
      if (reply.status === 'unknown' && outcome === 'none') return { status: 'hold_not_found' };
      if (reply.status === 'unknown') await rememberVoid(context, saleId, holdId);
      return { status: 'hold_expired' };
    }
  }
}

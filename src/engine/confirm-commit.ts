import { SaleLostError, UnavailableError } from '../domain/errors.ts';
import type { Receipt } from '../domain/hold.ts';
import type { ConfirmOutcome, Order, OrderDraft } from '../domain/order.ts';
import { orderByHold } from '../mysql/orders.ts';
import type { Context } from './context.ts';
import { finish, giveBackVoid } from './judge.ts';
import { resyncInBackground } from './resync.ts';

/** One confirm under way: it goes round until it has an answer or its time is over. */
export type Confirming = { receipt: Receipt; orderId: string; deadlineAt: number };

/** What one round answers: an outcome, or null to go round again. */
export type Round = ConfirmOutcome | null;

/**
 * Has MySQL judge a hold that is CONFIRMING and acts on its word. A definite failure counts the attempt down; an unknown one
 * leaves the hold CONFIRMING, where the buyer's repeat or recovery finds out. Throws UnavailableError for both.
 */
export async function commitAttempt(
  context: Context,
  confirming: Confirming,
  { draft, attemptId }: { draft: OrderDraft; attemptId: string },
): Promise<Round> {
  const { receipt } = confirming;
  const remainingMs = Math.max(confirming.deadlineAt - performance.now(), 0);
  const judged = await context.writer.commit(draft, Date.now() + remainingMs);
  switch (judged.status) {
    case 'sold': {
      const order = orderOf(draft, judged.createdAtMs);
      await finish(context, order, receipt);
      return { status: 'confirmed', order, replayed: false };
    }
    case 'already_sold': {
      const order = await orderByHold(context.mysql.db, draft.holdId);
      return order ? replayOf(context, receipt, order) : null;
    }
    case 'void':
      await giveBackVoid(context, draft.saleId, draft.holdId);
      return { status: 'hold_expired' };
    case 'refused':
      // MySQL has fewer tickets left than Redis believed: that is proof of drift.
      await giveBackVoid(context, draft.saleId, draft.holdId);
      resyncInBackground(context, draft.saleId, 'MySQL refused a confirm for want of capacity');
      return { status: 'sold_out', ticketTypeIds: draft.lines.map((line) => line.ticketTypeId) };
    case 'fenced':
      await context.rebuilder.run(draft.saleId);
      return null;
    case 'failed':
      await abort(context, draft, attemptId);
      throw new UnavailableError('the order could not be written', { cause: judged.cause });
    case 'unknown':
      throw new UnavailableError('it is not known yet whether the order was written', { cause: judged.cause });
  }
}

/** The order as a replay, with Redis told. */
export async function replayOf(context: Context, receipt: Receipt, order: Order): Promise<ConfirmOutcome> {
  await finish(context, order, receipt);
  return { status: 'confirmed', order, replayed: true };
}

/** A definite failure whose abort is lost too stays CONFIRMING until its lease and deadline are over, then recovery decides. */
async function abort(context: Context, { saleId, holdId, epoch }: OrderDraft, attemptId: string): Promise<void> {
  await context.scripts.abort(saleId, { holdId, epoch, attemptId }).catch((error: unknown) => {
    if (error instanceof SaleLostError) context.rebuilder.start(saleId);
    context.log.debug({ saleId, holdId, err: error }, 'an abort is left to recovery');
  });
}

function orderOf(
  { orderId, holdId, saleId, buyerId, lines, totalMinor, currency }: OrderDraft,
  createdAtMs: number,
): Order {
  return { orderId, holdId, saleId, buyerId, lines, totalMinor, currency, status: 'confirmed', createdAtMs };
}

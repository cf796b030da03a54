import { v7 as uuid } from 'uuid';
import { SaleLostError, UnavailableError } from '../domain/errors.ts';
import { type Receipt, totalMinor } from '../domain/hold.ts';
import type { ConfirmOutcome, OrderDraft } from '../domain/order.ts';
import { orderByHold } from '../mysql/orders.ts';
import { insertVoid } from '../mysql/outcomes.ts';
import { type Confirming, commitAttempt, type Round, replayOf } from './confirm-commit.ts';
import type { Context } from './context.ts';
import { randomId } from './ids.ts';
import { giveBackVoid, outcomeOf, rememberVoid } from './judge.ts';
import { createPassingMap } from './passing-map.ts';
import { place, placingOf } from './reserve.ts';
import { sleep } from './sleep.ts';

/** A resync is over long before its freeze would lapse: so whether it has been lifted is asked, rather than waited for. */
const FROZEN_POLL_MS = 10;

/**
 * Makes the confirm of this process. Safe to retry: a hold has one order for ever. Callers with the same hold share one
 * attempt; the first is the one that bought, the others see a replay. Throws UnavailableError when the answer is not known.
 */
export function createConfirm(context: Context) {
  const underWay = createPassingMap<Promise<ConfirmOutcome>>();
  return async ({ buyerId, token }: { buyerId: string; token: string }): Promise<ConfirmOutcome> => {
    const receipt = context.receipts.read(token);
    if (!receipt) return { status: 'invalid_token' };
    if (receipt.buyerId !== buyerId) return { status: 'not_your_hold' };
    const existing = underWay.get(receipt.holdId);
    if (existing) return asReplay(await existing);
    const promise = confirm(context, receipt).finally(() => underWay.delete(receipt.holdId));
    underWay.set(receipt.holdId, promise);
    return promise;
  };
}

function asReplay(outcome: ConfirmOutcome): ConfirmOutcome {
  return outcome.status === 'confirmed' ? { ...outcome, replayed: true } : outcome;
}

async function confirm(context: Context, receipt: Receipt): Promise<ConfirmOutcome> {
  const deadlineAt = performance.now() + context.config.http.confirmDeadlineMs;
  const confirming: Confirming = { receipt, orderId: uuid(), deadlineAt };
  while (performance.now() < deadlineAt) {
    const outcome = await attempt(context, confirming);
    if (outcome) return outcome;
  }
  throw new UnavailableError('the confirm was not decided in time');
}

async function attempt(context: Context, confirming: Confirming): Promise<Round> {
  const { receipt } = confirming;
  const { saleId, holdId, buyerId } = receipt;
  const attemptId = randomId().slice(0, 8);
  const begun = await beginOrRebuild(context, receipt, attemptId);
  switch (begun.status) {
    case 'lost':
      return null;
    case 'frozen':
      await sleep(Math.min(begun.remainingMs, FROZEN_POLL_MS));
      return null;
    case 'not_yours':
      return { status: 'not_your_hold' };
    case 'overdue':
      return endInMysql(context, receipt, begun.epoch);
    case 'unknown':
      return honourReceipt(context, receipt);
    case 'sold':
    case 'expired':
      // It may have lapsed only now, and then its tickets are there again.
      context.shortages.forget(saleId);
      return orderOr(context, receipt, { status: 'hold_expired' });
    case 'released':
      return orderOr(context, receipt, { status: 'hold_released' });
    case 'begun': {
      const draft: OrderDraft = {
        orderId: confirming.orderId,
        holdId,
        saleId,
        epoch: begun.epoch,
        buyerId,
        lines: receipt.lines,
        totalMinor: totalMinor(receipt.lines),
        currency: receipt.currency,
      };
      return commitAttempt(context, confirming, { draft, attemptId });
    }
  }
}

async function beginOrRebuild(context: Context, { saleId, holdId, buyerId, lines }: Receipt, attemptId: string) {
  try {
    return await context.scripts.begin(saleId, { holdId, buyerId, attemptId, lines });
  } catch (error) {
    if (!(error instanceof SaleLostError)) throw error;
    await context.rebuilder.run(saleId);
    return { status: 'lost' as const };
  }
}

/** "Gone" is said only after MySQL was asked: an order wins, and Redis is told of it. */
async function orderOr(context: Context, receipt: Receipt, gone: ConfirmOutcome): Promise<ConfirmOutcome> {
  const order = await orderByHold(context.mysql.db, receipt.holdId);
  return order ? replayOf(context, receipt, order) : gone;
}

/** No grace is left, yet an earlier attempt may still commit: "expired" is said only once MySQL has ruled that out. */
async function endInMysql(context: Context, receipt: Receipt, epoch: number): Promise<Round> {
  const { saleId, holdId } = receipt;
  const { outcome } = await insertVoid(context.mysql, { saleId, holdId, epoch });
  if (outcome === 'void') await giveBackVoid(context, saleId, holdId);
  if (outcome === 'fenced') await context.rebuilder.run(saleId);
  if (outcome === 'sold') return orderOr(context, receipt, { status: 'hold_expired' });
  return outcome === 'void' ? { status: 'hold_expired' } : null;
}

/** A valid token whose hold Redis has forgotten is placed again under its id, if stock and limit still allow. */
async function honourReceipt(context: Context, receipt: Receipt): Promise<Round> {
  const { holdId, saleId } = receipt;
  const { outcome } = await outcomeOf(context, holdId);
  if (outcome === 'void') {
    await rememberVoid(context, saleId, holdId);
    return { status: 'hold_expired' };
  }
  if (outcome === 'sold') return orderOr(context, receipt, { status: 'hold_expired' });
  const reply = await place(context, placingOf(receipt), saleId).catch((error: unknown) => {
    if (error instanceof SaleLostError) return context.rebuilder.run(saleId).then(() => null);
    throw error;
  });
  switch (reply?.status) {
    case 'receipt_expired':
      return { status: 'hold_expired' };
    case 'limit_reached':
      return reply;
    case 'sold_out':
    case 'all_held':
    case 'ticket_type_not_found':
      return { status: 'sold_out', ticketTypeIds: reply.ticketTypeIds };
    default:
      return null;
  }
}

import {
  canonicalLines,
  type HeldTicket,
  type Line,
  type PricedLine,
  type Receipt,
  type ReserveOutcome,
  totalMinor,
} from '../domain/hold.ts';
import type { Sale } from '../domain/sale.ts';
import { orderByHold } from '../mysql/orders.ts';
import type { HoldRecord } from '../redis/hold-record.ts';
import type { PlaceReply, Placing } from '../redis/place-holds.ts';
import type { Context } from './context.ts';
import { derivedId, newHoldId } from './ids.ts';

export type ReserveInput = {
  buyerId: string;
  saleId: string;
  lines: Line[];
  idempotencyKey?: string | undefined;
};

/** Places a hold. Safe to retry with an Idempotency-Key: the same key is the same hold. Throws UnavailableError. */
export async function reserve(context: Context, input: ReserveInput): Promise<ReserveOutcome> {
  const sale = await context.catalog.find(input.saleId);
  if (!sale) return { status: 'sale_not_found' };
  const key = input.idempotencyKey;
  const holdId =
    key === undefined
      ? newHoldId(input.saleId, Date.now())
      : derivedId(context.config.secrets.holdId, [input.buyerId, input.saleId, key]);
  const lines = canonicalLines(input.lines);
  // A key may stand for a hold that is there already: only Redis knows.
  const shortages = context.shortages.of(sale.saleId);
  const shortage = key === undefined ? shortages.recall(lines) : null;
  if (shortage) {
    context.metrics.refusedFromMemory.inc();
    return shortage;
  }
  const reply = await place(context, { holdId, buyerId: input.buyerId, keyed: key !== undefined, lines }, sale.saleId);
  switch (reply.status) {
    case 'placed': {
      const { placedAtMs, deadlineMs: expiresAtMs } = reply;
      return {
        status: 'held',
        hold: heldTicket(context, sale, { holdId, buyerId: input.buyerId, lines, placedAtMs, expiresAtMs }),
        replayed: false,
      };
    }
    case 'exists':
      return replay(context, sale, reply, key !== undefined);
    case 'mismatch':
      return { status: 'idempotency_mismatch' };
    case 'receipt_expired':
      return { status: 'hold_expired' };
    case 'sold_out':
    case 'all_held':
      return shortages.learn(lines, reply);
    default:
      return reply;
  }
}

/** Calls place, and opens the expiry bucket's job; a lost sale starts its rebuild and throws. */
export async function place(context: Context, item: Placing, saleId: string): Promise<PlaceReply> {
  const reply = await context.scripts.place(saleId, item).catch(context.rebuilder.orThrow);
  if (reply.status === 'placed' && reply.openedBucket) scheduleExpiry(context, saleId, reply);
  return reply;
}

/** A receipt as the item that asks for its hold again, under its own id and deadline. */
export function placingOf({ holdId, buyerId, lines, placedAtMs, expiresAtMs }: Receipt): Placing {
  const bare = lines.map(({ ticketTypeId, quantity }) => ({ ticketTypeId, quantity }));
  return { holdId, buyerId, keyed: false, lines: bare, receipt: { placedAtMs, expiresAtMs } };
}

/** The buyer never waits for BullMQ, and never fails with it: a bucket without a job is swept. */
function scheduleExpiry(context: Context, saleId: string, hold: { placedAtMs: number; deadlineMs: number }): void {
  const { bucketMs } = context.config.hold;
  const bucketEndMs = hold.deadlineMs - (hold.deadlineMs % bucketMs) + bucketMs;
  context.expiryQueue
    .schedule({ saleId, bucketEndMs }, bucketEndMs - hold.placedAtMs)
    .catch((error: unknown) =>
      context.log.debug({ saleId, err: error }, 'an expiry job was not added; the sweep will do its work'),
    );
}

async function replay(
  context: Context,
  sale: Sale,
  { hold, nowMs }: { hold: HoldRecord; nowMs: number },
  keyed: boolean,
): Promise<ReserveOutcome> {
  if (hold.status === 'released') return { status: 'hold_released' };
  const lapsed = hold.status === 'expired' || (hold.status === 'held' && hold.deadlineMs <= nowMs);
  // An order wins over whatever Redis says of its hold.
  if (lapsed && !(await orderByHold(context.mysql.db, hold.holdId))) return { status: 'hold_expired' };
  return { status: 'held', hold: heldTicket(context, sale, hold), replayed: keyed };
}

/** The hold with its prices and its signed token. */
export function heldTicket(
  context: Context,
  sale: Sale,
  hold: { holdId: string; buyerId: string; lines: Line[]; placedAtMs: number; expiresAtMs: number },
): HeldTicket {
  const lines = priced(sale, hold.lines);
  const { holdId, buyerId, placedAtMs, expiresAtMs } = hold;
  const { saleId, currency } = sale;
  const token = context.receipts.sign({ saleId, holdId, buyerId, lines, currency, placedAtMs, expiresAtMs });
  return { holdId, saleId, token, placedAtMs, expiresAtMs, lines, totalMinor: totalMinor(lines), currency };
}

function priced(sale: Sale, lines: readonly Line[]): PricedLine[] {
  return lines.map(({ ticketTypeId, quantity }) => ({
    ticketTypeId,
    quantity,
    priceMinor: sale.ticketTypes.find((type) => type.ticketTypeId === ticketTypeId)?.priceMinor ?? 0,
  }));
}

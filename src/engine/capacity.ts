import type { AdminAction, CapacityOutcome } from '../domain/sale.ts';
import { changeCapacity as changeInMysql } from '../mysql/sale-changes.ts';
import { lockSale, type SaleRow } from '../mysql/sales.ts';
import type { Trx } from '../mysql/tables.ts';
import { applySale } from '../redis/apply-sale.ts';
import { withdrawStock } from '../redis/withdraw-stock.ts';
import { type AdminResult, runAdmin } from './admin.ts';
import type { Context } from './context.ts';
import { randomId } from './ids.ts';
import { applyNewest } from './sales.ts';

type CapacityInput = { saleId: string; ticketTypeId: string; delta: number; reason: string };

/** The largest capacity of one ticket type; scripts and columns are sure of integers up to here. */
const CAPACITY_MAX = 10_000_000;

/**
 * Adds tickets (MySQL first, then Redis) or takes available ones out of sale (Redis first, then MySQL), so that a crash
 * between the two never leaves more in sale than MySQL will sell. Safe to retry with an Idempotency-Key only.
 * Throws UnavailableError; what a crash left apart, the workers' reconciliation sets right.
 */
export async function changeCapacity(context: Context, input: AdminAction & CapacityInput): Promise<CapacityOutcome> {
  const { saleId, ticketTypeId, delta, reason } = input;
  const request = ['capacity', saleId, ticketTypeId, delta, reason];
  const outcome = await runAdmin<CapacityOutcome>(context, { ...input, request }, async (trx) => {
    const sale = await lockSale(trx, saleId);
    if (!sale) return { outcome: { status: 'sale_not_found' }, audit: null };
    const type = sale.ticketTypes.find((candidate) => candidate.ticketTypeId === ticketTypeId);
    if (!type) return { outcome: { status: 'ticket_type_not_found', ticketTypeIds: [ticketTypeId] }, audit: null };
    if (type.capacity + delta > CAPACITY_MAX) {
      return { outcome: { status: 'capacity_too_large', capacityMax: CAPACITY_MAX }, audit: null };
    }
    return changeLocked(context, trx, { sale, ...input });
  });
  if (outcome.status === 'changed') {
    context.catalog.forget(saleId);
    await applyNewest(context, saleId);
  }
  return outcome;
}

async function changeLocked(
  context: Context,
  trx: Trx,
  { sale, saleId, ticketTypeId, delta, reason }: CapacityInput & { sale: SaleRow },
): Promise<AdminResult<CapacityOutcome>> {
  const operationId = randomId();
  if (delta < 0) {
    // An earlier decrease that died between the stores is undone first: Redis stands where MySQL does.
    await applySale(context.redis, { sale, decisionsMax: context.config.decisionsMax });
    const reply = await withdrawStock(context.redis, { saleId, operationId, ticketTypeId, quantity: -delta });
    if (reply.status === 'insufficient') {
      return { outcome: { status: 'capacity_in_use', available: reply.available }, audit: null };
    }
  }
  const change = await changeInMysql(trx, { saleId, ticketTypeId, delta, reference: operationId });
  if (change.status !== 'changed') {
    // Redis had more left than MySQL: drift. What was withdrawn goes back, for this transaction leaves nothing behind.
    await applySale(context.redis, { sale, decisionsMax: context.config.decisionsMax });
    return { outcome: { status: 'capacity_in_use', available: 0 }, audit: null };
  }
  const before = { capacity: change.before };
  const after = { capacity: change.after };
  return {
    outcome: { status: 'changed', ticketTypeId, before, after },
    audit: {
      action: 'sale.capacity',
      saleId,
      reason,
      before: { ticketTypeId, ...before },
      after: { ticketTypeId, ...after },
    },
  };
}

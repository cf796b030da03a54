import { sql, type UpdateObject } from 'kysely';
import type { SaleSettings } from '../domain/sale.ts';
import type { Tables, Trx } from './tables.ts';

// Each of these belongs behind lockSale in one transaction, and each that changes the sale makes its version one higher:
// scripts in Redis ignore old versions. They return false when there is no such sale.

/** Changes the window, limits or title. Not safe to repeat blindly: the version moves. */
export function updateSettings(trx: Trx, saleId: string, changes: Partial<SaleSettings>): Promise<boolean> {
  const { title, opensAtMs, closesAtMs, holdTtlMs, buyerTicketsMax, orderTicketsMax } = changes;
  return change(trx, saleId, {
    ...(title !== undefined && { title }),
    ...(opensAtMs !== undefined && { opens_at_ms: opensAtMs }),
    ...(closesAtMs !== undefined && { closes_at_ms: closesAtMs }),
    ...(holdTtlMs !== undefined && { hold_ttl_ms: holdTtlMs }),
    ...(buyerTicketsMax !== undefined && { buyer_tickets_max: buyerTicketsMax }),
    ...(orderTicketsMax !== undefined && { order_tickets_max: orderTicketsMax }),
  });
}

export function setPaused(trx: Trx, saleId: string, paused: boolean): Promise<boolean> {
  return change(trx, saleId, { paused: paused ? 1 : 0 });
}

/** Closing is for ever: a second one keeps the first time. */
export function setClosed(trx: Trx, saleId: string, closedAtMs: number): Promise<boolean> {
  return change(trx, saleId, { closed_at_ms: sql<number>`coalesce(closed_at_ms, ${closedAtMs})` });
}

async function change(trx: Trx, saleId: string, changes: UpdateObject<Tables, 'sales'>): Promise<boolean> {
  const result = await trx
    .updateTable('sales')
    .set({ ...changes, version: sql<number>`version + 1` })
    .where('id', '=', saleId)
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

/** Redis holds nothing of this sale any more (or does again, with null); the version stays. Safe to retry. */
export async function markSettled(trx: Trx, saleId: string, settledAtMs: number | null): Promise<boolean> {
  const result = await trx
    .updateTable('sales')
    .set({ settled_at_ms: settledAtMs })
    .where('id', '=', saleId)
    .executeTakeFirst();
  return result.numUpdatedRows === 1n;
}

export type CapacityChange =
  | { status: 'changed'; before: number; after: number }
  /** It would fall below what is sold. */
  | { status: 'refused'; capacity: number; sold: number }
  | { status: 'ticket_type_not_found' };

/**
 * Adds `delta` to a capacity, writes it into the ledger and makes the sale's version one higher. A `reference` counts
 * once: repeated, it throws the duplicate that MySQL reports.
 */
export async function changeCapacity(
  trx: Trx,
  input: { saleId: string; ticketTypeId: string; delta: number; reference: string },
): Promise<CapacityChange> {
  const { saleId, ticketTypeId, delta, reference } = input;
  const result = await trx
    .updateTable('ticket_types')
    .set({ capacity: sql<number>`capacity + ${delta}` })
    .where('sale_id', '=', saleId)
    .where('id', '=', ticketTypeId)
    .where(sql<boolean>`capacity + ${delta} >= sold`)
    .executeTakeFirst();
  // After the update the row is ours, so what is read now stays true until the end; refused, it is only a report.
  const row = await trx
    .selectFrom('ticket_types')
    .select(['capacity', 'sold'])
    .where('sale_id', '=', saleId)
    .where('id', '=', ticketTypeId)
    .executeTakeFirst();
  if (!row) return { status: 'ticket_type_not_found' };
  if (result.numUpdatedRows !== 1n) return { status: 'refused', ...row };
  await trx
    .insertInto('stock_movements')
    .values({
      sale_id: saleId,
      ticket_type_id: ticketTypeId,
      kind: 'capacity',
      quantity: delta,
      reference,
      created_at_ms: Date.now(),
    })
    .execute();
  await change(trx, saleId, {});
  return { status: 'changed', before: row.capacity - delta, after: row.capacity };
}

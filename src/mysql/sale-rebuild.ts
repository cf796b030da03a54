import { type Kysely, sql } from 'kysely';
import { assert } from '../domain/errors.ts';
import type { PricedLine } from '../domain/hold.ts';
import { fromBytes, toBytes } from './codec.ts';
import { linesOf } from './orders.ts';
import type { Tables, Trx } from './tables.ts';

/**
 * Shuts out every commit of an older epoch and returns the new one. Waits for commits under way, then none of theirs can
 * follow: later reads of this READ COMMITTED transaction see all that were made. Throws UnavailableError when a commit
 * takes longer than the lock wait; then nothing has changed.
 */
export async function bumpEpoch(trx: Trx, saleId: string): Promise<number> {
  await trx.updateTable('sales').set({ epoch: sql<number>`epoch + 1` }).where('id', '=', saleId).execute();
  const sale = await trx.selectFrom('sales').select('epoch').where('id', '=', saleId).executeTakeFirst();
  assert(sale, 'the epoch of an unknown sale is bumped', { saleId });
  // In id order, as commits lock them.
  await trx
    .updateTable('ticket_types')
    .set({ epoch: sale.epoch })
    .where('sale_id', '=', saleId)
    .orderBy('id')
    .execute();
  return sale.epoch;
}

/** One decided hold of a sale, as a rebuild puts it back. */
export type DecidedHold =
  | { holdId: string; outcome: 'void'; createdAtMs: number }
  | {
      holdId: string;
      outcome: 'sold';
      orderId: string;
      buyerId: string;
      lines: PricedLine[];
      createdAtMs: number;
    };

/** The decided holds after `afterHoldId` (null for the first page) in id order; fewer than `limit` means the end. */
export async function readOutcomesOfSale(
  db: Kysely<Tables>,
  saleId: string,
  afterHoldId: string | null,
  limit: number,
): Promise<DecidedHold[]> {
  const rows = await db
    .selectFrom('hold_outcomes as decided')
    .leftJoin('orders', 'orders.id', 'decided.order_id')
    .select(['decided.hold_id', 'decided.order_id', 'decided.created_at_ms', 'orders.buyer_id'])
    .where('decided.sale_id', '=', saleId)
    .where('decided.hold_id', '>', afterHoldId ?? '')
    .orderBy('decided.hold_id')
    .limit(limit)
    .execute();
  const lines = await linesOf(
    db,
    rows.flatMap((row) => row.order_id ?? []),
  );
  return rows.map((row) => {
    const { hold_id: holdId, order_id: orderId, created_at_ms: createdAtMs } = row;
    if (orderId === null) return { holdId, outcome: 'void', createdAtMs };
    assert(row.buyer_id, 'a sold hold has no order', { holdId, orderId });
    const buyerId = fromBytes(row.buyer_id);
    return { holdId, outcome: 'sold', orderId, buyerId, lines: lines.get(orderId) ?? [], createdAtMs };
  });
}

/** Tickets that each buyer has bought of a sale, after `afterBuyerId` in the order of bytes; fewer than `limit`: the end. */
export async function boughtByBuyer(
  db: Kysely<Tables>,
  saleId: string,
  afterBuyerId: string | null,
  limit: number,
): Promise<{ buyerId: string; bought: number }[]> {
  let query = db
    .selectFrom('orders')
    .innerJoin('order_lines', 'order_lines.order_id', 'orders.id')
    .select(({ fn }) => ['orders.buyer_id', fn.sum<number>('order_lines.quantity').as('bought')])
    .where('orders.sale_id', '=', saleId)
    .groupBy('orders.buyer_id')
    .orderBy('orders.buyer_id')
    .limit(limit);
  if (afterBuyerId !== null) query = query.where('orders.buyer_id', '>', toBytes(afterBuyerId));
  const rows = await query.execute();
  return rows.map((row) => ({ buyerId: fromBytes(row.buyer_id), bought: row.bought }));
}

/** What MySQL says of a sale's stock, in id order; one snapshot with `readOutcomes` under REPEATABLE READ. */
export async function soldAndCapacity(
  db: Kysely<Tables>,
  saleId: string,
): Promise<{ ticketTypeId: string; capacity: number; sold: number }[]> {
  const rows = await db
    .selectFrom('ticket_types')
    .select(['id', 'capacity', 'sold'])
    .where('sale_id', '=', saleId)
    .orderBy('id')
    .execute();
  return rows.map((row) => ({ ticketTypeId: row.id, capacity: row.capacity, sold: row.sold }));
}

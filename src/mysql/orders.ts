import type { Kysely, Selectable } from 'kysely';
import type { PricedLine } from '../domain/hold.ts';
import type { Order, Page } from '../domain/order.ts';
import { fromBytes, toBytes } from './codec.ts';
import { decodeCursor, toPage } from './cursor.ts';
import type { OrdersTable, Tables } from './tables.ts';

/** Safe to retry; throws UnavailableError, as all reads here. */
export async function orderById(db: Kysely<Tables>, orderId: string): Promise<Order | null> {
  const rows = await db.selectFrom('orders').selectAll().where('id', '=', orderId).execute();
  return (await withLines(db, rows))[0] ?? null;
}

export async function orderByHold(db: Kysely<Tables>, holdId: string): Promise<Order | null> {
  const rows = await db.selectFrom('orders').selectAll().where('hold_id', '=', holdId).execute();
  return (await withLines(db, rows))[0] ?? null;
}

/** Orders of a buyer, of a sale, of both or of all, newest first; throws RequestError for a malformed cursor. */
export async function listOrders(
  db: Kysely<Tables>,
  input: { buyerId?: string | undefined; saleId?: string | undefined; limit: number; cursor?: string | undefined },
): Promise<Page<Order>> {
  let query = db
    .selectFrom('orders')
    .selectAll()
    .orderBy('id', 'desc')
    .limit(input.limit + 1);
  if (input.buyerId !== undefined) query = query.where('buyer_id', '=', toBytes(input.buyerId));
  if (input.saleId !== undefined) query = query.where('sale_id', '=', input.saleId);
  if (input.cursor !== undefined) query = query.where('id', '<', decodeCursor(input.cursor, ['id'])[0] ?? '');

  const page = toPage(await query.execute(), input.limit, (row) => [row.id]);
  return { items: await withLines(db, page.items), nextCursor: page.nextCursor };
}

/** The lines of these orders, by order, in the canonical order of ticket type ids. */
export async function linesOf(db: Kysely<Tables>, orderIds: readonly string[]): Promise<Map<string, PricedLine[]>> {
  const lines = new Map<string, PricedLine[]>(orderIds.map((orderId) => [orderId, []]));
  if (orderIds.length === 0) return lines;
  const rows = await db
    .selectFrom('order_lines')
    .selectAll()
    .where('order_id', 'in', [...orderIds])
    .orderBy('order_id')
    .orderBy('ticket_type_id')
    .execute();
  for (const row of rows)
    lines
      .get(row.order_id)
      ?.push({ ticketTypeId: row.ticket_type_id, quantity: row.quantity, priceMinor: row.price_minor });
  return lines;
}

async function withLines(db: Kysely<Tables>, rows: readonly Selectable<OrdersTable>[]): Promise<Order[]> {
  const lines = await linesOf(
    db,
    rows.map((row) => row.id),
  );
  return rows.map((row) => ({
    orderId: row.id,
    holdId: row.hold_id,
    saleId: row.sale_id,
    buyerId: fromBytes(row.buyer_id),
    status: 'confirmed',
    lines: lines.get(row.id) ?? [],
    totalMinor: row.total_minor,
    currency: row.currency,
    createdAtMs: row.created_at_ms,
  }));
}

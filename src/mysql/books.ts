import { type Kysely, sql } from 'kysely';
import type { Books } from '../domain/drift.ts';
import type { Tables } from './tables.ts';

/** What MySQL says of a sale for a glance at it. */
export type StockInMysql = {
  epoch: number;
  version: number;
  ticketTypes: { ticketTypeId: string; capacity: number; sold: number }[];
};

/** Counts of many sales by one statement on primary keys, which is one snapshot. Safe to retry. */
export async function stocksOf(db: Kysely<Tables>, saleIds: readonly string[]): Promise<Map<string, StockInMysql>> {
  const found = new Map<string, StockInMysql>();
  if (saleIds.length === 0) return found;
  const rows = await db
    .selectFrom('sales')
    .innerJoin('ticket_types', 'ticket_types.sale_id', 'sales.id')
    .select(['sales.id as saleId', 'sales.epoch', 'sales.version'])
    .select(['ticket_types.id as ticketTypeId', 'ticket_types.capacity', 'ticket_types.sold'])
    .where('sales.id', 'in', [...saleIds])
    .execute();
  for (const { saleId, epoch, version, ...type } of rows) {
    const sale = found.get(saleId) ?? { epoch, version, ticketTypes: [] };
    sale.ticketTypes.push(type);
    found.set(saleId, sale);
  }
  return found;
}

/**
 * What orders and ledger of a sale add up to, beside what its ticket types count: by one statement, which is one snapshot. Reads every
 * order of the sale, so it is asked only when something differs. Safe to retry.
 */
export async function booksOf(db: Kysely<Tables>, saleId: string): Promise<Books[]> {
  const { rows } = await sql<{ [Field in keyof Books]: Books[Field] | string }>`
    SELECT t.id AS ticketTypeId, t.capacity, t.sold, COALESCE(o.units, 0) AS ordered, COALESCE(m.units, 0) AS ledger
    FROM ticket_types t
    LEFT JOIN (
      SELECT l.ticket_type_id, SUM(l.quantity) AS units FROM orders
      JOIN order_lines l ON l.order_id = orders.id WHERE orders.sale_id = ${saleId} GROUP BY l.ticket_type_id
    ) o ON o.ticket_type_id = t.id
    LEFT JOIN (
      SELECT ticket_type_id, SUM(quantity) AS units FROM stock_movements WHERE sale_id = ${saleId} GROUP BY ticket_type_id
    ) m ON m.ticket_type_id = t.id
    WHERE t.sale_id = ${saleId} ORDER BY t.id`.execute(db);
  return rows.map((row) => ({
    ticketTypeId: String(row.ticketTypeId),
    capacity: Number(row.capacity),
    sold: Number(row.sold),
    ordered: Number(row.ordered),
    ledger: Number(row.ledger),
  }));
}

/** Sold holds of a sale after `afterHoldId` ('' for the first page) in id order; fewer than `limit` means the end. */
export async function soldHoldIds(
  db: Kysely<Tables>,
  saleId: string,
  afterHoldId: string,
  limit: number,
): Promise<string[]> {
  const rows = await db
    .selectFrom('hold_outcomes')
    .select('hold_id')
    .where('sale_id', '=', saleId)
    .where('hold_id', '>', afterHoldId)
    .where('outcome', '=', 'sold')
    .orderBy('hold_id')
    .limit(limit)
    .execute();
  return rows.map((row) => row.hold_id);
}

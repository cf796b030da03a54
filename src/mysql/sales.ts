import type { Kysely, Selectable } from 'kysely';
import type { Page } from '../domain/order.ts';
import type { Sale } from '../domain/sale.ts';
import { decodeCursor, toPage } from './cursor.ts';
import { isDuplicate } from './errors.ts';
import type { SalesTable, Tables, TicketTypesTable, Trx } from './tables.ts';

/** A sale with what only MySQL knows of it; `sold` by ticket type id. */
export type SaleRow = Sale & {
  epoch: number;
  version: number;
  settledAtMs: number | null;
  sold: Record<string, number>;
};

/**
 * Epochs begin at the millisecond of creation, and no rebuild takes less than one: a sale that is made again under an old id,
 * after MySQL was set back, never finds its former life in Redis to be as new as itself.
 */
export function firstEpoch({ createdAtMs }: Pick<Sale, 'createdAtMs'>): number {
  return createdAtMs;
}

/** Writes a new sale at its first epoch and version 1, with its capacities in the ledger. `exists`: nothing was written. */
export async function insertSale(trx: Trx, sale: Sale): Promise<'inserted' | 'exists'> {
  const { saleId, createdAtMs } = sale;
  try {
    await trx.insertInto('sales').values(toRow(sale)).execute();
  } catch (error) {
    if (isDuplicate(error)) return 'exists';
    throw error;
  }
  const types = sale.ticketTypes.map(({ ticketTypeId, name, priceMinor, capacity }, position) => ({
    ...{ sale_id: saleId, id: ticketTypeId, position, name, price_minor: priceMinor, capacity, sold: 0 },
    epoch: firstEpoch(sale),
  }));
  await trx.insertInto('ticket_types').values(types).execute();
  // The sale itself is the operation that gave these capacities, so that the ledger adds up from nothing.
  const movements = sale.ticketTypes.map(({ ticketTypeId, capacity }) => ({
    ...{ sale_id: saleId, ticket_type_id: ticketTypeId, kind: 'capacity' as const, quantity: capacity },
    ...{ reference: saleId, created_at_ms: createdAtMs },
  }));
  await trx.insertInto('stock_movements').values(movements).execute();
  return 'inserted';
}

/** Safe to retry; throws UnavailableError, as all reads here. */
export async function findSale(db: Kysely<Tables>, saleId: string): Promise<SaleRow | null> {
  const rows = await db.selectFrom('sales').selectAll().where('id', '=', saleId).execute();
  return (await withTicketTypes(db, rows))[0] ?? null;
}

/** All sales, newest first; throws RequestError for a malformed cursor. */
export async function listSales(
  db: Kysely<Tables>,
  input: { limit: number; cursor?: string | undefined },
): Promise<Page<SaleRow>> {
  let query = db.selectFrom('sales').selectAll().orderBy('created_at_ms', 'desc').orderBy('id', 'desc');
  if (input.cursor !== undefined) {
    const [createdAtMs, id = ''] = decodeCursor(input.cursor, ['number', 'id']);
    const at = Number(createdAtMs);
    query = query.where(({ eb, and, or }) =>
      or([eb('created_at_ms', '<', at), and([eb('created_at_ms', '=', at), eb('id', '<', id)])]),
    );
  }
  const rows = await query.limit(input.limit + 1).execute();
  const page = toPage(rows, input.limit, (row) => [row.created_at_ms, row.id]);
  return { items: await withTicketTypes(db, page.items), nextCursor: page.nextCursor };
}

/** Every sale of which Redis may still hold something, newest first. */
export async function listUnsettled(db: Kysely<Tables>): Promise<SaleRow[]> {
  const rows = await db
    .selectFrom('sales')
    .selectAll()
    .where('settled_at_ms', 'is', null)
    .orderBy('created_at_ms', 'desc')
    .orderBy('id', 'desc')
    .execute();
  return withTicketTypes(db, rows);
}

/** Locks the sale until the transaction ends and reads it as it is now: admin operations on one sale queue up here. */
export async function lockSale(trx: Trx, saleId: string): Promise<SaleRow | null> {
  const rows = await trx.selectFrom('sales').selectAll().where('id', '=', saleId).forUpdate().execute();
  return (await withTicketTypes(trx, rows))[0] ?? null;
}

async function withTicketTypes(db: Kysely<Tables>, rows: readonly Selectable<SalesTable>[]): Promise<SaleRow[]> {
  if (rows.length === 0) return [];
  const ids = rows.map((row) => row.id);
  const types = await db
    .selectFrom('ticket_types')
    .selectAll()
    .where('sale_id', 'in', ids)
    .orderBy('sale_id')
    .orderBy('position')
    .execute();
  const bySale = new Map<string, Selectable<TicketTypesTable>[]>(ids.map((id) => [id, []]));
  for (const type of types) bySale.get(type.sale_id)?.push(type);
  return rows.map((row) => fromRows(row, bySale.get(row.id) ?? []));
}

function fromRows(row: Selectable<SalesTable>, types: readonly Selectable<TicketTypesTable>[]): SaleRow {
  return {
    saleId: row.id,
    title: row.title,
    currency: row.currency,
    opensAtMs: row.opens_at_ms,
    closesAtMs: row.closes_at_ms,
    holdTtlMs: row.hold_ttl_ms,
    buyerTicketsMax: row.buyer_tickets_max,
    orderTicketsMax: row.order_tickets_max,
    paused: row.paused === 1,
    closedAtMs: row.closed_at_ms,
    settledAtMs: row.settled_at_ms,
    epoch: row.epoch,
    version: row.version,
    createdAtMs: row.created_at_ms,
    ticketTypes: types.map((type) => ({
      ticketTypeId: type.id,
      name: type.name,
      priceMinor: type.price_minor,
      capacity: type.capacity,
    })),
    sold: Object.fromEntries(types.map((type) => [type.id, type.sold])),
  };
}

function toRow(sale: Sale): SalesTable {
  return {
    id: sale.saleId,
    title: sale.title,
    currency: sale.currency,
    opens_at_ms: sale.opensAtMs,
    closes_at_ms: sale.closesAtMs,
    hold_ttl_ms: sale.holdTtlMs,
    buyer_tickets_max: sale.buyerTicketsMax,
    order_tickets_max: sale.orderTicketsMax,
    paused: sale.paused ? 1 : 0,
    closed_at_ms: sale.closedAtMs,
    settled_at_ms: null,
    epoch: firstEpoch(sale),
    version: 1,
    created_at_ms: sale.createdAtMs,
  };
}

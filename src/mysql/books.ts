import type { Kysely } from 'kysely';
import type { Books } from '../domain/drift.ts';
import { soldAndCapacity } from './sale-rebuild.ts';
import type { Tables, Trx } from './tables.ts';

/** Orders or movements that one statement adds up: well within the time that a statement has. */
const PAGE_ROWS = 20_000;

type Bounds = { pageRows: number; isOver: () => boolean };

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
 * What orders and ledger of a sale add up to, beside what its ticket types count; null when `budgetMs` did not suffice. Reads
 * every order of the sale in pages, so it is asked only when something differs, in one REPEATABLE READ snapshot.
 */
export async function booksOf(
  snapshot: Trx,
  { saleId, budgetMs, pageRows = PAGE_ROWS }: { saleId: string; budgetMs: number; pageRows?: number },
): Promise<Books[] | null> {
  const until = performance.now() + budgetMs;
  const bounds = { pageRows, isOver: () => performance.now() > until };
  const types = await soldAndCapacity(snapshot, saleId);
  const ordered = await orderedByType(snapshot, saleId, bounds);
  if (!ordered) return null;
  const books: Books[] = [];
  for (const type of types) {
    const ledger = await ledgerOf(snapshot, { saleId, ticketTypeId: type.ticketTypeId }, bounds);
    if (ledger === null) return null;
    books.push({ ...type, ordered: ordered.get(type.ticketTypeId) ?? 0, ledger });
  }
  return books;
}

async function orderedByType(
  snapshot: Trx,
  saleId: string,
  { pageRows, isOver }: Bounds,
): Promise<Map<string, number> | null> {
  const ordered = new Map<string, number>();
  for (let after = ''; ; ) {
    if (isOver()) return null;
    const ofSale = snapshot.selectFrom('orders').where('sale_id', '=', saleId).where('id', '>', after);
    const last = await ofSale
      .select('id')
      .orderBy('id')
      .limit(1)
      .offset(pageRows - 1)
      .executeTakeFirst();
    let page = snapshot
      .selectFrom('orders')
      .innerJoin('order_lines', 'order_lines.order_id', 'orders.id')
      .select(({ fn }) => ['order_lines.ticket_type_id', fn.sum<number>('order_lines.quantity').as('units')])
      .where('orders.sale_id', '=', saleId)
      .where('orders.id', '>', after)
      .groupBy('order_lines.ticket_type_id');
    if (last) page = page.where('orders.id', '<=', last.id);
    for (const row of await page.execute()) {
      ordered.set(row.ticket_type_id, (ordered.get(row.ticket_type_id) ?? 0) + Number(row.units));
    }
    if (!last) return ordered;
    after = last.id;
  }
}

async function ledgerOf(
  snapshot: Trx,
  { saleId, ticketTypeId }: { saleId: string; ticketTypeId: string },
  { pageRows, isOver }: Bounds,
): Promise<number | null> {
  let ledger = 0;
  for (let after = 0; ; ) {
    if (isOver()) return null;
    const ofType = snapshot
      .selectFrom('stock_movements')
      .where('sale_id', '=', saleId)
      .where('ticket_type_id', '=', ticketTypeId)
      .where('id', '>', after);
    const last = await ofType
      .select('id')
      .orderBy('id')
      .limit(1)
      .offset(pageRows - 1)
      .executeTakeFirst();
    const page = last ? ofType.where('id', '<=', last.id) : ofType;
    const sum = await page.select(({ fn }) => fn.sum<number>('quantity').as('units')).executeTakeFirst();
    ledger += Number(sum?.units ?? 0);
    if (!last) return ledger;
    after = last.id;
  }
}

/** Sold holds of a sale after `afterHoldId` ('' for the first page) in id order; fewer than `limit` means the end. */
export async function soldHoldIds(
  db: Kysely<Tables>,
  { saleId, afterHoldId, limit }: { saleId: string; afterHoldId: string; limit: number },
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

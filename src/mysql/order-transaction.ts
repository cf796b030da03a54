import type { ResultSetHeader } from 'mysql2';
import type { OrderDraft } from '../domain/order.ts';
import { toBytes, toJson } from './codec.ts';
import type { Mysql } from './connection.ts';
import { inTransaction, type Statements } from './transact.ts';

/** The guard in `ticket_types` refused: another epoch, or not enough capacity. The transaction was rolled back. */
export class GuardRefusedError extends Error {
  constructor(readonly ticketTypeId: string) {
    super(`the stock of ticket type ${ticketTypeId} refused the commit`);
    this.name = 'GuardRefusedError';
  }
}

type Value = string | number | Buffer | null;

/**
 * Makes drafts of one sale and epoch durable, all or none, by plain INSERTs. Plain SQL, because building a batch of
 * hundreds of rows as a query tree costs more than sending it. `onUndecided` is called when the outcomes went in: until
 * then an earlier COMMIT of the same drafts may have won, from then on it certainly did not. Throws GuardRefusedError,
 * what MySQL said (1062: some hold is decided), or as `transact`. Safe to repeat: a hold is decided once.
 */
export async function commitOrders(
  mysql: Mysql,
  drafts: readonly OrderDraft[],
  onUndecided: () => void,
): Promise<{ createdAtMs: number }> {
  const createdAtMs = Date.now();
  // One order for all writers: two batches that share holds then wait for each other in line, not in a circle.
  const sorted = [...drafts].sort((a, b) => (a.holdId < b.holdId ? -1 : 1));
  await inTransaction(mysql, {}, async (statements) => {
    await insert(
      statements,
      'hold_outcomes (hold_id, sale_id, outcome, order_id, created_at_ms)',
      5,
      sorted,
      (draft) => [[draft.holdId, draft.saleId, 'sold', draft.orderId, createdAtMs]],
    );
    onUndecided();
    await insert(
      statements,
      'orders (id, hold_id, sale_id, buyer_id, total_minor, currency, created_at_ms)',
      7,
      sorted,
      ({ orderId, holdId, saleId, buyerId, totalMinor, currency }) => [
        [orderId, holdId, saleId, toBytes(buyerId), totalMinor, currency, createdAtMs],
      ],
    );
    await insert(statements, 'order_lines (order_id, ticket_type_id, quantity, price_minor)', 4, sorted, (draft) =>
      draft.lines.map((line) => [draft.orderId, line.ticketTypeId, line.quantity, line.priceMinor]),
    );
    await insert(
      statements,
      'stock_movements (sale_id, ticket_type_id, kind, quantity, reference, created_at_ms)',
      6,
      sorted,
      ({ saleId, orderId, lines }) =>
        lines.map((line) => [saleId, line.ticketTypeId, 'sale', -line.quantity, orderId, createdAtMs]),
    );
    await insert(statements, 'outbox_events (event_id, type, subject, payload, created_at_ms)', 5, sorted, (draft) => [
      [`${draft.orderId}.confirmed`, 'order.confirmed', draft.orderId, eventOf(draft, createdAtMs), createdAtMs],
    ]);
    await countSold(statements, drafts);
  });
  return { createdAtMs };
}

async function insert(
  statements: Statements,
  into: string,
  columns: number,
  drafts: readonly OrderDraft[],
  rowsOf: (draft: OrderDraft) => Value[][],
): Promise<void> {
  const rows = drafts.flatMap(rowsOf);
  const placeholders = `(${'?,'.repeat(columns - 1)}?)`;
  await statements.query(
    `INSERT INTO ${into} VALUES ${placeholders}${`,${placeholders}`.repeat(rows.length - 1)}`,
    rows.flat(),
  );
}

/** Last, because the hot row stays locked from here to the end of COMMIT; in id order, because others lock so too. */
async function countSold(statements: Statements, drafts: readonly OrderDraft[]): Promise<void> {
  const { saleId, epoch } = drafts[0] as OrderDraft;
  const quantities = [...quantityByType(drafts)].sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [ticketTypeId, quantity] of quantities) {
    const result = (await statements.query(
      'UPDATE ticket_types SET sold = sold + ? WHERE sale_id = ? AND id = ? AND epoch = ? AND sold + ? <= capacity',
      [quantity, saleId, ticketTypeId, epoch, quantity],
    )) as ResultSetHeader;
    if (result.affectedRows !== 1) throw new GuardRefusedError(ticketTypeId);
  }
}

/** Tickets per type over all drafts. */
export function quantityByType(drafts: readonly OrderDraft[]): Map<string, number> {
  const quantities = new Map<string, number>();
  for (const { lines } of drafts)
    for (const { ticketTypeId, quantity } of lines)
      quantities.set(ticketTypeId, (quantities.get(ticketTypeId) ?? 0) + quantity);
  return quantities;
}

/** The event as CloudEvents 1.0 has it, so that it can be delivered as it stands. */
function eventOf(draft: OrderDraft, createdAtMs: number): string {
  const createdAt = new Date(createdAtMs).toISOString();
  const { orderId, holdId, saleId, buyerId, lines, totalMinor, currency } = draft;
  return toJson({
    specversion: '1.0',
    id: `${orderId}.confirmed`,
    source: `/sales/${saleId}`,
    type: 'order.confirmed',
    subject: orderId,
    time: createdAt,
    datacontenttype: 'application/json',
    data: { orderId, holdId, saleId, buyerId, lines, totalMinor, currency, createdAt },
  });
}

import type { OrderDraft } from '../domain/order.ts';
import { toJson } from './codec.ts';
import type { Mysql } from './connection.ts';
import { errnoOf } from './errors.ts';
import { bytesLiteral, literal } from './literal.ts';
import { transactScript } from './transact.ts';

// A subquery with more rows than fit: nothing else here can say so, see `guardOf`.
const severalRows = 1242;

/** The guard in `ticket_types` refused: another epoch, or not enough capacity. The transaction was rolled back. */
export class GuardRefusedError extends Error {
  override readonly name = 'GuardRefusedError';
}

/**
 * Makes drafts of one sale and epoch durable, all or none, by plain INSERTs. The text is built here, because building a batch of
 * hundreds of rows as a query tree costs more than sending it. What `left` counts must stay unsold. Throws GuardRefusedError, what
 * MySQL said (1062: some hold is decided), or as `transactScript`. Safe to repeat: a hold is decided once.
 */
export async function commitOrders(
  mysql: Mysql,
  drafts: readonly OrderDraft[],
  left: Quantities,
): Promise<{ createdAtMs: number }> {
  const createdAtMs = Date.now();
  // One order for all writers: two batches that share holds then wait for each other in line, not in a circle.
  const sorted = [...drafts].sort((a, b) => (a.holdId < b.holdId ? -1 : 1));
  // Last, because the hot row stays locked from here to the end of COMMIT; in id order, because others lock so too.
  const quantities = [...quantityByType(drafts)].sort(([a], [b]) => (a < b ? -1 : 1));
  const guards = quantities.flatMap(([ticketTypeId, quantity]) =>
    guardOf(sorted[0] as OrderDraft, { ticketTypeId, quantity, left: left.get(ticketTypeId) ?? 0 }),
  );
  try {
    await transactScript(mysql, [...insertsOf(sorted, createdAtMs), ...guards]);
  } catch (error) {
    if (errnoOf(error) === severalRows) throw new GuardRefusedError('the stock refused the commit');
    throw error;
  }
  return { createdAtMs };
}

/** The rows of these orders, a statement per table; the outcomes come first. */
function insertsOf(drafts: readonly OrderDraft[], createdAtMs: number): string[] {
  const rows = {
    outcomes: [] as string[],
    orders: [] as string[],
    lines: [] as string[],
    movements: [] as string[],
    events: [] as string[],
  };
  for (const draft of drafts) {
    const [orderId, holdId, saleId] = [literal(draft.orderId), literal(draft.holdId), literal(draft.saleId)];
    rows.outcomes.push(`(${holdId},${saleId},'sold',${orderId},${createdAtMs})`);
    rows.orders.push(
      `(${orderId},${holdId},${saleId},${bytesLiteral(draft.buyerId)},${literal(draft.totalMinor)},${literal(draft.currency)},${createdAtMs})`,
    );
    for (const line of draft.lines) {
      const ticketTypeId = literal(line.ticketTypeId);
      rows.lines.push(`(${orderId},${ticketTypeId},${literal(line.quantity)},${literal(line.priceMinor)})`);
      rows.movements.push(`(${saleId},${ticketTypeId},'sale',${literal(-line.quantity)},${orderId},${createdAtMs})`);
    }
    const event = literal(eventOf(draft, createdAtMs));
    rows.events.push(`(${literal(`${draft.orderId}.confirmed`)},'order.confirmed',${orderId},${event},${createdAtMs})`);
  }
  return [
    `INSERT INTO hold_outcomes (hold_id, sale_id, outcome, order_id, created_at_ms) VALUES ${rows.outcomes.join()}`,
    `INSERT INTO orders (id, hold_id, sale_id, buyer_id, total_minor, currency, created_at_ms) VALUES ${rows.orders.join()}`,
    `INSERT INTO order_lines (order_id, ticket_type_id, quantity, price_minor) VALUES ${rows.lines.join()}`,
    `INSERT INTO stock_movements (sale_id, ticket_type_id, kind, quantity, reference, created_at_ms) VALUES ${rows.movements.join()}`,
    `INSERT INTO outbox_events (event_id, type, subject, payload, created_at_ms) VALUES ${rows.events.join()}`,
  ];
}

/** Takes the tickets, and fails where they were not there to be taken, so that COMMIT is not reached. */
function guardOf(
  { saleId, epoch }: OrderDraft,
  { ticketTypeId, quantity, left }: { ticketTypeId: string; quantity: number; left: number },
): string[] {
  return [
    `UPDATE ticket_types SET sold = sold + ${literal(quantity)} WHERE sale_id = ${literal(saleId)} AND id = ${literal(ticketTypeId)}
    AND epoch = ${literal(epoch)} AND sold + ${literal(quantity + left)} <= capacity`,
    'SET @taken = IF(ROW_COUNT() = 1, 0, (SELECT 1 UNION SELECT 2))',
  ];
}

/** Tickets per type. */
export type Quantities = ReadonlyMap<string, number>;

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

import type { Hono } from 'hono';
import { createPool, type PoolConnection, type ResultSetHeader } from 'mysql2/promise';
import { v7 as newOrderId } from 'uuid';
import type { Receipt } from '../../src/domain/hold.ts';
import { setting } from './listen.ts';
import { authenticate, receipts } from './surface.ts';

/** What is to be written. */
export type Order = { orderId: string; receipt: Receipt; createdAtMs: number };

/** As many as one process of the engine has. */
const connectionsMax = 10;

/**
 * The route of a confirm that is one transaction of its own: `write` decides and writes, false when nothing is left. The hold is
 * known by its receipt alone; no store is asked whether it is still held, which makes it cheaper than the engine's.
 */
export function confirmByTransaction(app: Hono, write: (trx: PoolConnection, order: Order) => Promise<boolean>): void {
  const pool = createPool({
    ...{ uri: setting('DATABASE_URL'), connectionLimit: connectionsMax, charset: 'utf8mb4', timezone: 'Z' },
  });
  app.post('/purchase/confirm', async (c) => {
    const { buyerId } = await authenticate(c.req.header('authorization'));
    const { token } = await c.req.json<{ token: string }>();
    const receipt = receipts.read(token);
    if (!receipt || receipt.buyerId !== buyerId) return c.json({ code: 'invalid_token' }, 422);

    const order = { orderId: newOrderId(), receipt, createdAtMs: Date.now() };
    const trx = await pool.getConnection();
    try {
      await trx.beginTransaction();
      const isWritten = await write(trx, order);
      if (!isWritten) {
        await trx.rollback();
        return c.json({ code: 'sold_out' }, 409);
      }
      await trx.commit();
    } catch (error) {
      await trx.rollback();
      throw error;
    } finally {
      trx.release();
    }
    return c.json(answerOf(order), 201);
  });
}

/** The rows of an order, the same as the engine's. */
export async function insertOrder(trx: PoolConnection, { orderId, receipt, createdAtMs }: Order): Promise<void> {
  const { holdId, saleId, buyerId, lines, currency } = receipt;
  const totalMinor = lines.reduce((total, line) => total + line.priceMinor * line.quantity, 0);
  await trx.query('INSERT INTO hold_outcomes (hold_id, sale_id, outcome, order_id, created_at_ms) VALUES (?,?,?,?,?)', [
    ...[holdId, saleId, 'sold', orderId, createdAtMs],
  ]);
  await trx.query(
    'INSERT INTO orders (id, hold_id, sale_id, buyer_id, total_minor, currency, created_at_ms) VALUES (?,?,?,?,?,?,?)',
    [orderId, holdId, saleId, Buffer.from(buyerId), totalMinor, currency, createdAtMs],
  );
  for (const { ticketTypeId, quantity, priceMinor } of lines) {
    await trx.query('INSERT INTO order_lines (order_id, ticket_type_id, quantity, price_minor) VALUES (?,?,?,?)', [
      ...[orderId, ticketTypeId, quantity, priceMinor],
    ]);
    await trx.query(
      'INSERT INTO stock_movements (sale_id, ticket_type_id, kind, quantity, reference, created_at_ms) VALUES (?,?,?,?,?,?)',
      [saleId, ticketTypeId, 'sale', -quantity, orderId, createdAtMs],
    );
  }
  await trx.query('INSERT INTO outbox_events (event_id, type, subject, payload, created_at_ms) VALUES (?,?,?,?,?)', [
    ...[`${orderId}.confirmed`, 'order.confirmed', orderId, JSON.stringify(receipt), createdAtMs],
  ]);
}

/** Takes the tickets under the guard of the capacity; false when they are not there. */
export async function takeTickets(trx: PoolConnection, { saleId, lines }: Receipt): Promise<boolean> {
  for (const { ticketTypeId, quantity } of lines) {
    const [result] = await trx.query<ResultSetHeader>(
      'UPDATE ticket_types SET sold = sold + ? WHERE sale_id = ? AND id = ? AND sold + ? <= capacity',
      [quantity, saleId, ticketTypeId, quantity],
    );
    if (result.affectedRows !== 1) return false;
  }
  return true;
}

function answerOf({ orderId, receipt, createdAtMs }: Order) {
  const { holdId, saleId, lines, currency } = receipt;
  const totalMinor = lines.reduce((total, line) => total + line.priceMinor * line.quantity, 0);
  const createdAt = new Date(createdAtMs).toISOString();
  return { orderId, holdId, saleId, status: 'confirmed', lines, totalMinor, currency, createdAt };
}

// A confirm as one transaction per order that locks the stock first: SELECT … FOR UPDATE. Left out: Redis, retries, the judge.
import { Hono } from 'hono';
import type { RowDataPacket } from 'mysql2/promise';
import { confirmByTransaction, insertOrder, takeTickets } from './confirm.ts';
import { listen } from './listen.ts';

const app = new Hono();
confirmByTransaction(app, async (trx, order) => {
  const { saleId, lines } = order.receipt;
  for (const { ticketTypeId, quantity } of lines) {
    const [rows] = await trx.query<(RowDataPacket & { left: number })[]>(
      'SELECT capacity - sold AS `left` FROM ticket_types WHERE sale_id = ? AND id = ? FOR UPDATE',
      [saleId, ticketTypeId],
    );
    if ((rows[0]?.left ?? 0) < quantity) return false;
  }
  await insertOrder(trx, order);
  return takeTickets(trx, order.receipt);
});
listen(app);

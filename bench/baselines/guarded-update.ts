// A confirm as one transaction per order whose last statement takes the tickets if they are there. Left out as in for-update.ts.
import { Hono } from 'hono';
import { confirmByTransaction, insertOrder, takeTickets } from './confirm.ts';
import { listen } from './listen.ts';

const app = new Hono();
confirmByTransaction(app, async (trx, order) => {
  await insertOrder(trx, order);
  return takeTickets(trx, order.receipt);
});
listen(app);

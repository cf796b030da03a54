import { setTimeout as sleep } from 'node:timers/promises';
import type { Admin, Order, Stock } from './admin.ts';

export type Aftermath = { stock: Stock; orders: Order[]; confirming: number; waitedMs: number };

const everyMs = 250;
/** Longer than a lease and its recovery (5 s and 0.5 s): a hold that is confirming then waits for its buyer to ask again. */
const recoveredMs = 8000;
const waitMaxMs = 30_000;

/** Waits until both stores agree and stand still with no confirm under way, or for 30 s, then reads the books. */
export async function readAftermath(admin: Admin, saleId: string): Promise<Aftermath> {
  const startedMs = performance.now();
  let before = '';
  for (;;) {
    const confirming = await admin.confirming(saleId);
    const stock = await admin.stock(saleId);
    const now = JSON.stringify([stock, confirming]);
    const waitedMs = performance.now() - startedMs;
    const isSettled = confirming === 0 || waitedMs > recoveredMs;
    const isQuiet = isSettled && stock.sold === stock.soldInMysql && now === before;
    if (isQuiet || waitedMs > waitMaxMs) return { stock, orders: await admin.orders(saleId), confirming, waitedMs };
    before = now;
    await sleep(everyMs);
  }
}

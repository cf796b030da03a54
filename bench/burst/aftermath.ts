import { setTimeout as sleep } from 'node:timers/promises';
import type { Admin, Order, Stock } from './admin.ts';

export type Aftermath = { stock: Stock; orders: Order[]; confirming: number; waitedMs: number };

/** Longer than a lease and its recovery; what is not settled then, never will be. */
const waitMaxMs = 30_000;
const everyMs = 250;

/** Waits until no confirm is under way and both stores agree and stand still, or for 30 s, then reads the books. */
export async function readAftermath(admin: Admin, saleId: string): Promise<Aftermath> {
  const startedMs = performance.now();
  let before = '';
  for (;;) {
    const confirming = await admin.confirming(saleId);
    const stock = await admin.stock(saleId);
    const now = JSON.stringify(stock);
    const isQuiet = confirming === 0 && stock.sold === stock.soldInMysql && now === before;
    const waitedMs = performance.now() - startedMs;
    if (isQuiet || waitedMs > waitMaxMs) return { stock, orders: await admin.orders(saleId), confirming, waitedMs };
    before = now;
    await sleep(everyMs);
  }
}

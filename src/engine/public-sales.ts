import { LRUCache } from 'lru-cache';
import { SaleLostError } from '../domain/errors.ts';
import { type PublicSale, saleStatus } from '../domain/sale.ts';
import { findSale, type SaleRow } from '../mysql/sales.ts';
import { readClock, readStocks } from '../redis/read-sale.ts';
import type { Context } from './context.ts';
import { createFresh, type Fresh } from './fresh.ts';

/** Buyers read at most so old a picture; a crowd of readers costs the stores one reading per period. */
const MAX_AGE_MS = 500;
const SALES_MAX = 1000;

/** How many sales a list shows, the newest first; a shop with more has a page of its own for each. */
const LISTED_MAX = 200;

/** Makes the readers of sales as buyers may see them. They throw UnavailableError when a store is away. */
export function createPublicSales(context: Context) {
  const list = createFresh(MAX_AGE_MS, async () => {
    const sales = await context.catalog.unsettled();
    return publish(context, sales.slice(0, LISTED_MAX));
  });
  const single = new LRUCache<string, Fresh<PublicSale | null>>({ max: SALES_MAX });

  /** Rules may change, so they are read anew. */
  async function read(saleId: string): Promise<PublicSale | null> {
    const sale = await findSale(context.mysql.db, saleId);
    if (!sale) return null;
    const [published] = await publish(context, [sale]);
    if (!published) throw new SaleLostError(saleId);
    return published;
  }

  return {
    listPublic: list.get,
    async getPublic(saleId: string): Promise<PublicSale | null> {
      // An unknown id is refused from memory.
      if (!(await context.catalog.find(saleId))) return null;
      const fresh = single.get(saleId) ?? createFresh(MAX_AGE_MS, () => read(saleId));
      single.set(saleId, fresh);
      return fresh.get();
    },
    /** After a change by this process its own readers see it at once. */
    forget(saleId: string): void {
      list.forget();
      single.delete(saleId);
    },
  };
}

/** A sale that Redis has lost is left out and rebuilt: it must neither look sold out nor hide the others. */
async function publish(context: Context, sales: SaleRow[]): Promise<PublicSale[]> {
  const [stocks, serverTimeMs] = await Promise.all([
    readStocks(
      context.redis,
      sales.map((sale) => sale.saleId),
    ),
    readClock(context.redis),
  ]);
  return sales.flatMap((sale) => {
    const stock = stocks.get(sale.saleId) ?? [];
    if (stock.length > 0) return [{ ...sale, status: saleStatus(sale, serverTimeMs), serverTimeMs, stock }];
    context.rebuilder.start(sale.saleId);
    return [];
  });
}

import { LRUCache } from 'lru-cache';
import { type PublicSale, saleStatus } from '../domain/sale.ts';
import type { SaleRow } from '../mysql/sales.ts';
import { findSale } from '../mysql/sales.ts';
import { readClock, readStocks } from '../redis/read-sale.ts';
import type { Context } from './context.ts';

/** Buyers read at most so old a picture; a crowd of readers costs the stores one reading per period. */
const MAX_AGE_MS = 500;
const SALES_MAX = 1000;

/** Makes the readers of sales as buyers may see them. They throw UnavailableError when a store is away. */
export function createPublicSales(context: Context) {
  const list = new LRUCache<'all', PublicSale[]>({
    max: 1,
    ttl: MAX_AGE_MS,
    fetchMethod: async () => publish(context, await context.catalog.unsettled()),
  });
  const single = new LRUCache<string, PublicSale>({
    max: SALES_MAX,
    ttl: MAX_AGE_MS,
    fetchMethod: async (saleId) => {
      // Rules may change, so they are read anew; an unknown id is refused from memory.
      if (!(await context.catalog.find(saleId))) return undefined;
      const sale = await findSale(context.mysql.db, saleId);
      return sale ? (await publish(context, [sale]))[0] : undefined;
    },
  });
  return {
    listPublic: async (): Promise<PublicSale[]> => (await list.fetch('all')) ?? [],
    getPublic: async (saleId: string): Promise<PublicSale | null> => (await single.fetch(saleId)) ?? null,
    /** After a change by this process its own readers see it at once. */
    forget(saleId: string): void {
      list.clear();
      single.delete(saleId);
    },
  };
}

async function publish(context: Context, sales: SaleRow[]): Promise<PublicSale[]> {
  const [stocks, serverTimeMs] = await Promise.all([
    readStocks(
      context.redis,
      sales.map((sale) => sale.saleId),
    ),
    readClock(context.redis),
  ]);
  return sales.map((sale) => {
    const stock = stocks.get(sale.saleId) ?? [];
    if (stock.length === 0) context.rebuilder.start(sale.saleId);
    return { ...sale, status: saleStatus(sale, serverTimeMs), serverTimeMs, stock };
  });
}

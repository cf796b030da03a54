import { LRUCache } from 'lru-cache';
import { SaleLostError } from '../domain/errors.ts';
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
    // Who reads while a change makes us forget gets what was read; otherwise its reader would fail.
    ignoreFetchAbort: true,
    fetchMethod: async () => publish(context, await context.catalog.unsettled()),
  });
  const single = new LRUCache<string, PublicSale>({
    max: SALES_MAX,
    ttl: MAX_AGE_MS,
    ignoreFetchAbort: true,
    fetchMethod: async (saleId) => {
      // Rules may change, so they are read anew; an unknown id is refused from memory.
      if (!(await context.catalog.find(saleId))) return undefined;
      const sale = await findSale(context.mysql.db, saleId);
      if (!sale) return undefined;
      const [published] = await publish(context, [sale]);
      if (!published) throw new SaleLostError(saleId);
      return published;
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

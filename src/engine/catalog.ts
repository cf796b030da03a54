import { LRUCache } from 'lru-cache';
import { UnavailableError } from '../domain/errors.ts';
import type { Mysql } from '../mysql/connection.ts';
import { findSale, listUnsettled, type SaleRow } from '../mysql/sales.ts';

/**
 * What a process remembers of the sales in MySQL. Currency, ticket types and prices never change once a sale exists, so
 * they are remembered without a limit of age; rules and counts are read where they must be true, in Redis or MySQL.
 */
export type Catalog = {
  /** The sale's lasting parts, or null when there is none. An unknown id is remembered for a second. */
  find(saleId: string): Promise<SaleRow | null>;
  /** The sales that may still have live holds, at most `maxAgeMs` old; older only while MySQL is away. */
  unsettled(): Promise<SaleRow[]>;
  /** Forgets what was read, after this process changed something. */
  forget(saleId: string): void;
};

const SALES_MAX = 10_000;
const UNKNOWN_TTL_MS = 1000;

/** Makes the catalog; reads that are under way are shared. */
export function createCatalog(mysql: Mysql, maxAgeMs: number): Catalog {
  const known = new LRUCache<string, SaleRow>({
    max: SALES_MAX,
    // Who reads a sale while it is forgotten gets what was read; otherwise its reader would fail.
    ignoreFetchAbort: true,
    fetchMethod: async (saleId) => (await findSale(mysql.db, saleId)) ?? undefined,
  });
  const unknown = new LRUCache<string, true>({ max: SALES_MAX, ttl: UNKNOWN_TTL_MS });
  let lastList: SaleRow[] | null = null;
  const lists = new LRUCache<'unsettled', SaleRow[]>({
    max: 1,
    ttl: maxAgeMs,
    ignoreFetchAbort: true,
    fetchMethod: readUnsettled,
  });

  /** While MySQL is away the last list still serves: holds must lapse on time without it. */
  async function readUnsettled(): Promise<SaleRow[]> {
    try {
      lastList = await listUnsettled(mysql.db);
    } catch (error) {
      if (!lastList || !(error instanceof UnavailableError)) throw error;
    }
    return lastList;
  }

  return {
    async find(saleId) {
      if (unknown.has(saleId)) return null;
      const sale = await known.fetch(saleId);
      if (!sale) unknown.set(saleId, true);
      return sale ?? null;
    },
    async unsettled() {
      return (await lists.fetch('unsettled')) ?? [];
    },
    forget(saleId) {
      known.delete(saleId);
      unknown.delete(saleId);
      lists.clear();
    },
  };
}

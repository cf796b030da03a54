import { UnavailableError } from '../domain/errors.ts';
import type { Mysql } from '../mysql/connection.ts';
import { findSale, listUnsettled, type SaleRow } from '../mysql/sales.ts';
import { createFresh } from './fresh.ts';
import { createLookup } from './lookup.ts';

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

/** Makes the catalog; reads that are under way are shared. */
export function createCatalog(mysql: Mysql, maxAgeMs: number): Catalog {
  const sales = createLookup((saleId) => findSale(mysql.db, saleId));
  let lastList: SaleRow[] | null = null;

  /** While MySQL is away the last list still serves: holds must lapse on time without it. */
  const lists = createFresh(maxAgeMs, async () => {
    try {
      lastList = await listUnsettled(mysql.db);
    } catch (error) {
      if (!lastList || !(error instanceof UnavailableError)) throw error;
    }
    return lastList;
  });

  return {
    find: sales.find,
    unsettled: lists.get,
    forget(saleId) {
      sales.forget(saleId);
      lists.forget();
    },
  };
}

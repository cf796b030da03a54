import { SaleLostError } from '../domain/errors.ts';
import type { Sale } from '../domain/sale.ts';
import { decisionsKey, saleKey } from './keys.ts';
import { defineScript, unknownWord } from './script.ts';

/** The settings of a sale as they stand in its hash; both `apply-sale` and a rebuild write them. */
export function saleSettings(sale: Sale, decisionsMax: number) {
  return {
    opensAtMs: sale.opensAtMs,
    closesAtMs: sale.closesAtMs ?? 0,
    paused: sale.paused ? 1 : 0,
    closed: sale.closedAtMs === null ? 0 : 1,
    holdTtlMs: sale.holdTtlMs,
    buyerTicketsMax: sale.buyerTicketsMax,
    orderTicketsMax: sale.orderTicketsMax ?? sale.buyerTicketsMax,
    decisionsMax,
  };
}

/** Sets rules and capacities to those of a version in MySQL. Safe to repeat; an old version is `stale`. Throws SaleLostError. */
export const applySale = defineScript<{ sale: Sale & { version: number }; decisionsMax: number }, 'stale' | 'applied'>(
  'apply-sale',
  {
    encode: ({ sale, decisionsMax }, redis, runId) => {
      const settings = saleSettings(sale, decisionsMax);
      return {
        keys: [saleKey(redis.keyPrefix, sale.saleId), decisionsKey(redis.keyPrefix, sale.saleId)],
        args: [
          runId,
          sale.version,
          settings.opensAtMs,
          settings.closesAtMs,
          settings.paused,
          settings.closed,
          settings.holdTtlMs,
          settings.buyerTicketsMax,
          settings.orderTicketsMax,
          settings.decisionsMax,
          ...sale.ticketTypes.flatMap((type) => [type.ticketTypeId, type.capacity]),
        ],
      };
    },
    decode: ([word], { sale }) => {
      switch (word) {
        case 'lost':
          throw new SaleLostError(sale.saleId);
        case 'stale':
        case 'applied':
          return word;
        default:
          return unknownWord('apply-sale', word);
      }
    },
  },
);

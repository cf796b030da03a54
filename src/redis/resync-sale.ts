import { SaleLostError } from '../domain/errors.ts';
import type { StockCounts } from '../domain/sale.ts';
import { decisionsKey, saleKeys } from './keys.ts';
import { defineScript, unknownWord } from './script.ts';

export type ResyncInput = {
  saleId: string;
  epoch: number;
  finishes: number;
  apply: boolean;
  recountMax: number;
  /** Capacity and sold of every ticket type, and the CONFIRMING holds that are sold, all from one MySQL snapshot. */
  ticketTypes: { ticketTypeId: string; capacity: number; sold: number }[];
  committedHoldIds: string[];
};

export type ResyncReply =
  | { status: 'moved' }
  | { status: 'ok'; ticketTypes: { ticketTypeId: string; before: StockCounts; after: StockCounts }[] };

/** Sets a live sale right from one MySQL snapshot; `moved` asks for a newer one. Safe to repeat. Throws SaleLostError. */
export const resyncSale = defineScript<ResyncInput, ResyncReply>('resync-sale', {
  encode: (input, redis, runId) => ({
    keys: [...saleKeys(redis.keyPrefix, input.saleId).slice(0, 5), decisionsKey(redis.keyPrefix, input.saleId)],
    args: [
      runId,
      input.epoch,
      input.finishes,
      input.apply ? 1 : 0,
      input.recountMax,
      input.ticketTypes.length,
      ...input.ticketTypes.flatMap((type) => [type.ticketTypeId, type.capacity, type.sold]),
      ...input.committedHoldIds,
    ],
  }),
  decode: ([word, ...rows], { saleId }) => {
    switch (word) {
      case 'lost':
        throw new SaleLostError(saleId);
      case 'moved':
        return { status: word };
      case 'ok':
        return { status: word, ticketTypes: (rows as Row[]).map(decodeRow) };
      default:
        return unknownWord('resync-sale', word);
    }
  },
});

type Row = [string, number, number, number, number, number, number];

function decodeRow([ticketTypeId, available, held, sold, availableAfter, heldAfter, soldAfter]: Row) {
  return {
    ticketTypeId,
    before: { available, held, sold },
    after: { available: availableAfter, held: heldAfter, sold: soldAfter },
  };
}

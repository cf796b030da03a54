import { SaleLostError } from '../domain/errors.ts';
import { saleKeys } from './keys.ts';
import { defineScript, unknownWord } from './script.ts';

/** Forgets what is left of a live hold without a record; `buyerId` null when nobody has it. Safe to repeat. Throws SaleLostError. */
export const dropMissingHold = defineScript<
  { saleId: string; holdId: string; buyerId: string | null },
  'known' | 'dropped'
>('drop-missing-hold', {
  encode: ({ saleId, holdId, buyerId }, redis, runId) => ({
    keys: saleKeys(redis.keyPrefix, saleId).slice(0, 5),
    args: [runId, holdId, buyerId ?? ''],
  }),
  decode: ([word], { saleId }) => {
    switch (word) {
      case 'lost':
        throw new SaleLostError(saleId);
      case 'known':
      case 'dropped':
        return word;
      default:
        return unknownWord('drop-missing-hold', word);
    }
  },
});

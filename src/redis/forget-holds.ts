import { SaleLostError } from '../domain/errors.ts';
import { saleKeys } from './keys.ts';
import { defineScript, unknownWord } from './script.ts';

/** Drops one slice of ended holds whose memory is over; answers how many. Safe to repeat. Throws SaleLostError. */
export const forgetHolds = defineScript<{ saleId: string; holdsMax: number }, number>('forget-holds', {
  encode: ({ saleId, holdsMax }, redis, runId) => ({
    keys: saleKeys(redis.keyPrefix, saleId),
    args: [runId, redis.clock(), holdsMax],
  }),
  decode: ([word, holds], { saleId }) => {
    switch (word) {
      case 'lost':
        throw new SaleLostError(saleId);
      case 'forgotten':
        return holds as number;
      default:
        return unknownWord('forget-holds', word);
    }
  },
});

import { SaleLostError } from '../domain/errors.ts';
import { decisionsKey, saleKeys } from './keys.ts';
import { defineScript, unknownWord } from './script.ts';

/** Gives back a hold that MySQL has decided against. Safe to repeat. Throws SaleLostError. */
export const voidHold = defineScript<
  { saleId: string; holdId: string; options: { keyedMemoryMs: number; memoryMs: number } },
  'remembered' | 'ignored' | 'given_back'
>('void-hold', {
  encode: ({ saleId, holdId, options }, redis, runId) => ({
    keys: [...saleKeys(redis.keyPrefix, saleId), decisionsKey(redis.keyPrefix, saleId)],
    args: [runId, redis.clock(), options.keyedMemoryMs, options.memoryMs, holdId],
  }),
  decode: ([word], { saleId }) => {
    switch (word) {
      case 'lost':
        throw new SaleLostError(saleId);
      case 'remembered':
      case 'ignored':
      case 'given_back':
        return word;
      default:
        return unknownWord('void-hold', word);
    }
  },
});

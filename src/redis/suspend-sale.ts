import { saleKey } from './keys.ts';
import { defineScript, unknownWord } from './script.ts';

export type SuspendReply = { status: 'suspended'; epoch: number } | { status: 'missing' | 'newer' };

/** Stops every script on a sale that is to be rebuilt to `newEpoch`. Safe to repeat. */
export const suspendSale = defineScript<{ saleId: string; newEpoch: number }, SuspendReply>('suspend-sale', {
  encode: ({ saleId, newEpoch }, redis) => ({ keys: [saleKey(redis.keyPrefix, saleId)], args: [newEpoch] }),
  decode: ([word, epoch]) => {
    switch (word) {
      case 'missing':
      case 'newer':
        return { status: word };
      case 'suspended':
        return { status: word, epoch: epoch as number };
      default:
        return unknownWord('suspend-sale', word);
    }
  },
});

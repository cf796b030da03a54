import { SaleLostError } from '../domain/errors.ts';
import { decisionsKey, saleKey } from './keys.ts';
import { defineScript, unknownWord } from './script.ts';

export type WithdrawReply = { status: 'withdrawn' } | { status: 'insufficient'; available: number };

/** Takes available tickets out of sale. Safe to repeat under the same operation id. Throws SaleLostError. */
export const withdrawStock = defineScript<
  { saleId: string; operationId: string; ticketTypeId: string; quantity: number },
  WithdrawReply
>('withdraw-stock', {
  encode: ({ saleId, operationId, ticketTypeId, quantity }, redis, runId) => ({
    keys: [saleKey(redis.keyPrefix, saleId), decisionsKey(redis.keyPrefix, saleId)],
    args: [runId, operationId, ticketTypeId, quantity],
  }),
  decode: ([word, available], { saleId }) => {
    switch (word) {
      case 'lost':
        throw new SaleLostError(saleId);
      case 'withdrawn':
        return { status: word };
      case 'insufficient':
        return { status: word, available: available as number };
      default:
        return unknownWord('withdraw-stock', word);
    }
  },
});

import { SaleLostError } from '../domain/errors.ts';
import { saleKeys } from './keys.ts';
import { defineScript, unknownWord } from './script.ts';

/** Lets begins wait while a resync counts; `freezeMs` 0 lifts it. Safe to repeat. Throws SaleLostError. */
export const freezeConfirms = defineScript<{ saleId: string; freezeMs: number }, { epoch: number; finishes: number }>(
  'freeze-confirms',
  {
    encode: ({ saleId, freezeMs }, redis, runId) => ({
      keys: saleKeys(redis.keyPrefix, saleId).slice(0, 5),
      args: [runId, redis.clock(), freezeMs],
    }),
    decode: ([word, epoch, finishes], { saleId }) => {
      switch (word) {
        case 'lost':
          throw new SaleLostError(saleId);
        case 'frozen':
          return { epoch: epoch as number, finishes: finishes as number };
        default:
          return unknownWord('freeze-confirms', word);
      }
    },
  },
);

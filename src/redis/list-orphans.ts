import { SaleLostError } from '../domain/errors.ts';
import { type HoldRecord, unpackHold } from './hold-record.ts';
import { saleKeys } from './keys.ts';
import { defineScript, unknownWord } from './script.ts';

/** CONFIRMING holds whose lease is over, and Redis's clock. Safe to repeat. Throws SaleLostError. */
export const listOrphans = defineScript<
  { saleId: string; holdsMax: number; againMs: number },
  { nowMs: number; holds: HoldRecord[] }
>('list-orphans', {
  encode: ({ saleId, holdsMax, againMs }, redis, runId) => ({
    keys: saleKeys(redis.keyPrefix, saleId).slice(0, 5),
    args: [runId, redis.clock(), holdsMax, againMs],
  }),
  decode: ([word, now, ...pairs], { saleId }) => {
    switch (word) {
      case 'lost':
        throw new SaleLostError(saleId);
      case 'ok': {
        const holds: HoldRecord[] = [];
        for (let at = 0; at < pairs.length; at += 2) {
          holds.push(unpackHold(saleId, pairs[at] as string, pairs[at + 1] as string));
        }
        return { nowMs: now as number, holds };
      }
      default:
        return unknownWord('list-orphans', word);
    }
  },
});

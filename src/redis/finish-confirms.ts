import { SaleLostError } from '../domain/errors.ts';
import type { Line } from '../domain/hold.ts';
import { packLines } from './hold-record.ts';
import { decisionsKey, saleKeys } from './keys.ts';
import { defineScript, type Reply, unknownWord } from './script.ts';

export type Finishing = { holdId: string; buyerId: string; placedAtMs: number; expiresAtMs: number; lines: Line[] };
export type FinishReply = 'already' | 'sold' | 'debited';

/** Makes holds SOLD after their orders were committed. Safe to repeat. Throws SaleLostError. */
export const finishConfirms = defineScript<{ saleId: string; items: Finishing[] }, FinishReply[]>('finish-confirms', {
  encode: ({ saleId, items }, redis, runId) => ({
    keys: [...saleKeys(redis.keyPrefix, saleId).slice(0, 5), decisionsKey(redis.keyPrefix, saleId)],
    args: [
      runId,
      redis.clock(),
      ...items.flatMap((item) => [item.holdId, item.buyerId, item.placedAtMs, item.expiresAtMs, packLines(item.lines)]),
    ],
  }),
  decode: ([word, _now, ...replies], { saleId }) => {
    switch (word) {
      case 'lost':
        throw new SaleLostError(saleId);
      case 'ok':
        return (replies as Reply[]).map(decodeItem);
      default:
        return unknownWord('finish-confirms', word);
    }
  },
});

function decodeItem([word]: Reply): FinishReply {
  switch (word) {
    case 'already':
    case 'sold':
    case 'debited':
      return word;
    default:
      return unknownWord('finish-confirms', word);
  }
}

import { SaleLostError } from '../domain/errors.ts';
import { decisionsKey, saleKeys } from './keys.ts';
import { defineScript, type Reply, unknownWord } from './script.ts';

export type Aborting = { holdId: string; epoch: number; attemptId: string };
export type AbortReply = 'ignored' | 'joined' | 'reopened';

/** Takes back attempts that definitely failed. Safe to repeat with the same attempt ids. Throws SaleLostError. */
export const abortConfirms = defineScript<
  { saleId: string; items: Aborting[]; options: { graceMs: number; graceMaxMs: number } },
  AbortReply[]
>('abort-confirms', {
  encode: ({ saleId, items, options }, redis, runId) => ({
    keys: [...saleKeys(redis.keyPrefix, saleId).slice(0, 5), decisionsKey(redis.keyPrefix, saleId)],
    args: [
      runId,
      redis.clock(),
      options.graceMs,
      options.graceMaxMs,
      ...items.flatMap((item) => [item.holdId, item.epoch, item.attemptId]),
    ],
  }),
  decode: ([word, _now, ...replies], { saleId }) => {
    switch (word) {
      case 'lost':
        throw new SaleLostError(saleId);
      case 'ok':
        return (replies as Reply[]).map(decodeItem);
      default:
        return unknownWord('abort-confirms', word);
    }
  },
});

function decodeItem([word]: Reply): AbortReply {
  switch (word) {
    case 'ignored':
    case 'joined':
    case 'reopened':
      return word;
    default:
      return unknownWord('abort-confirms', word);
  }
}

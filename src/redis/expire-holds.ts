import { SaleLostError } from '../domain/errors.ts';
import { decisionsKey, saleKeys } from './keys.ts';
import { defineScript, unknownWord } from './script.ts';

/** `nextDeadlineMs` is null when nothing is held. */
export type ExpireReply =
  | { status: 'more'; nowMs: number; holds: number }
  | { status: 'done'; nowMs: number; holds: number; nextDeadlineMs: number | null };

/** Gives back one slice of lapsed holds. Safe to repeat and to race. Throws SaleLostError. */
export const expireHolds = defineScript<
  { saleId: string; linesMax: number; options: { keyedMemoryMs: number; memoryMs: number } },
  ExpireReply
>('expire-holds', {
  encode: ({ saleId, linesMax, options }, redis, runId) => ({
    keys: [...saleKeys(redis.keyPrefix, saleId), decisionsKey(redis.keyPrefix, saleId)],
    args: [runId, redis.clock(), linesMax, options.keyedMemoryMs, options.memoryMs],
  }),
  decode: ([word, ...rest], { saleId }) => {
    const [nowMs, holds, nextDeadlineMs] = rest as number[];
    switch (word) {
      case 'lost':
        throw new SaleLostError(saleId);
      case 'more':
        return { status: word, nowMs: nowMs as number, holds: holds as number };
      case 'done':
        return { status: word, nowMs: nowMs as number, holds: holds as number, nextDeadlineMs: nextDeadlineMs || null };
      default:
        return unknownWord('expire-holds', word);
    }
  },
});

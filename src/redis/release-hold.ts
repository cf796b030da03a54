import { SaleLostError } from '../domain/errors.ts';
import type { Line } from '../domain/hold.ts';
import { packLines } from './hold-record.ts';
import { decisionsKey, saleKeys } from './keys.ts';
import { defineScript, unknownWord } from './script.ts';

export type ReleaseReply =
  | { status: 'released'; replayed: boolean }
  | { status: 'confirming' }
  | { status: 'unknown' | 'not_yours' | 'sold' | 'expired' };

/** Gives a HELD hold back; `owner` is what the token says, null is an admin. Safe to repeat. Throws SaleLostError. */
export const releaseHold = defineScript<
  {
    saleId: string;
    holdId: string;
    owner: { buyerId: string; lines: Line[] } | null;
    options: { keyedMemoryMs: number; memoryMs: number };
  },
  ReleaseReply
>('release-hold', {
  encode: ({ saleId, holdId, owner, options }, redis, runId) => ({
    keys: [...saleKeys(redis.keyPrefix, saleId), decisionsKey(redis.keyPrefix, saleId)],
    args: [
      ...[runId, redis.clock(), options.keyedMemoryMs, options.memoryMs, holdId],
      ...(owner ? [owner.buyerId, packLines(owner.lines)] : ['', '']),
    ],
  }),
  decode: ([word, ...rest], { saleId }) => {
    switch (word) {
      case 'lost':
        throw new SaleLostError(saleId);
      case 'released':
        return { status: word, replayed: rest[0] === 1 };
      case 'confirming':
      case 'unknown':
      case 'not_yours':
      case 'sold':
      case 'expired':
        return { status: word };
      default:
        return unknownWord('release-hold', word);
    }
  },
});

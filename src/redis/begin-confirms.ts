import { SaleLostError } from '../domain/errors.ts';
import type { Line } from '../domain/hold.ts';
import { packLines } from './hold-record.ts';
import { decisionsKey, saleKeys } from './keys.ts';
import { defineScript, type Reply, unknownWord } from './script.ts';

/** `lines` are those of the token, in canonical order. */
export type Beginning = { holdId: string; buyerId: string; attemptId: string; lines: Line[] };

export type BeginReply =
  | { status: 'begun'; epoch: number }
  /** CONFIRMING beyond all grace: nothing was done, and only MySQL can say how it ends. */
  | { status: 'overdue'; epoch: number }
  /** A resync counts at this moment: begin again after so long. Nothing was done. */
  | { status: 'frozen'; remainingMs: number }
  | { status: 'unknown' | 'not_yours' | 'sold' | 'released' | 'expired' };

export type BeginOptions = { leaseMs: number; graceMaxMs: number; keyedMemoryMs: number; memoryMs: number };

/** Moves holds to CONFIRMING. Safe to repeat with the same attempt ids. Throws SaleLostError. */
export const beginConfirms = defineScript<{ saleId: string; items: Beginning[]; options: BeginOptions }, BeginReply[]>(
  'begin-confirms',
  {
    encode: ({ saleId, items, options }, redis, runId) => ({
      keys: [...saleKeys(redis.keyPrefix, saleId), decisionsKey(redis.keyPrefix, saleId)],
      args: [
        runId,
        redis.clock(),
        options.leaseMs,
        options.graceMaxMs,
        options.keyedMemoryMs,
        options.memoryMs,
        ...items.flatMap((item) => [item.holdId, item.buyerId, item.attemptId, packLines(item.lines)]),
      ],
    }),
    decode: ([word, now, ...replies], { saleId, items }) => {
      switch (word) {
        case 'lost':
          throw new SaleLostError(saleId);
        case 'frozen':
          return items.map(() => ({ status: 'frozen', remainingMs: now as number }));
        case 'ok':
          return (replies as Reply[]).map(decodeItem);
        default:
          return unknownWord('begin-confirms', word);
      }
    },
  },
);

function decodeItem([word, epoch]: Reply): BeginReply {
  switch (word) {
    case 'begun':
    case 'overdue':
      return { status: word, epoch: epoch as number };
    case 'unknown':
    case 'not_yours':
    case 'sold':
    case 'released':
    case 'expired':
      return { status: word };
    default:
      return unknownWord('begin-confirms', word);
  }
}

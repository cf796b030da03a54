import { SaleLostError } from '../domain/errors.ts';
import type { Line } from '../domain/hold.ts';
import { type HoldRecord, packLines, unpackHold } from './hold-record.ts';
import { decisionsKey, saleKeys } from './keys.ts';
import { defineScript, type Reply, unknownWord } from './script.ts';

export type Placing = {
  holdId: string;
  buyerId: string;
  keyed: boolean;
  /** In canonical order. */
  lines: Line[];
  /** A receipt that Redis has forgotten and that is to be honoured under its id, with the deadline it promised. */
  receipt?: { placedAtMs: number; expiresAtMs: number };
};

export type PlaceReply =
  | { status: 'placed'; placedAtMs: number; deadlineMs: number; openedBucket: boolean }
  | { status: 'exists'; hold: HoldRecord; nowMs: number }
  | { status: 'mismatch' }
  | { status: 'receipt_expired' }
  | { status: 'sale_not_open'; opensAtMs: number }
  | { status: 'sale_closed' }
  | { status: 'sale_paused' }
  | { status: 'ticket_type_not_found'; ticketTypeIds: string[] }
  | { status: 'limit_reached'; scope: 'order' | 'buyer'; limit: number; held: number; bought: number }
  | { status: 'sold_out'; ticketTypeIds: string[] }
  | { status: 'all_held'; ticketTypeIds: string[]; retryAfterMs: number };

export type PlaceOptions = { bucketMs: number; inlineExpireMax: number; keyedMemoryMs: number; memoryMs: number };

/** Claims tickets for many buyers of one sale. Safe to repeat with the same ids. Throws SaleLostError. */
export const placeHolds = defineScript<{ saleId: string; items: Placing[]; options: PlaceOptions }, PlaceReply[]>(
  'place-holds',
  {
    encode: ({ saleId, items, options }, redis, runId) => ({
      keys: [...saleKeys(redis.keyPrefix, saleId), decisionsKey(redis.keyPrefix, saleId)],
      args: [
        runId,
        redis.clock(),
        options.bucketMs,
        options.inlineExpireMax,
        options.keyedMemoryMs,
        options.memoryMs,
        ...items.flatMap((item) => [
          item.holdId,
          item.buyerId,
          item.keyed ? 1 : 0,
          item.receipt?.placedAtMs ?? 0,
          item.receipt?.expiresAtMs ?? 0,
          packLines(item.lines),
        ]),
      ],
    }),
    decode: ([word, now, ...replies], { saleId, items }) => {
      switch (word) {
        case 'lost':
          throw new SaleLostError(saleId);
        case 'ok':
          return items.map((item, index) => decodeItem(saleId, item, replies[index] as Reply, now as number));
        default:
          return unknownWord('place-holds', word);
      }
    },
  },
);

function decodeItem(saleId: string, item: Placing, [word, ...rest]: Reply, now: number): PlaceReply {
  switch (word) {
    case 'placed':
      return { status: 'placed', placedAtMs: now, deadlineMs: rest[0] as number, openedBucket: rest[1] === 1 };
    case 'exists':
      return { status: 'exists', hold: unpackHold(saleId, item.holdId, rest[0] as string), nowMs: now };
    case 'mismatch':
    case 'receipt_expired':
    case 'sale_closed':
    case 'sale_paused':
      return { status: word };
    case 'sale_not_open':
      return { status: word, opensAtMs: rest[0] as number };
    case 'ticket_type_not_found':
    case 'sold_out':
      return { status: word, ticketTypeIds: rest as string[] };
    case 'limit_reached': {
      const [scope, limit, held, bought] = rest as ['order' | 'buyer', number, number, number];
      return { status: word, scope, limit, held, bought };
    }
    case 'all_held':
      return {
        status: word,
        retryAfterMs: Math.max((rest[0] as number) - now, 0),
        ticketTypeIds: rest.slice(1) as string[],
      };
    default:
      return unknownWord('place-holds', word);
  }
}

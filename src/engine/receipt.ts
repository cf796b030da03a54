import { createHmac, randomFillSync, timingSafeEqual } from 'node:crypto';
import type { PricedLine, Receipt } from '../domain/hold.ts';
import { createHmacSha256 } from './hmac.ts';

/** Signs and reads the tokens of holds. They are no JWT: their first part is a bare version word. */
export type Receipts = {
  sign(receipt: Receipt): string;
  /** The receipt, or null for anything that was not signed here. The deadline is not judged: Redis's clock does that. */
  read(token: string): Receipt | null;
};

const VERSION = 'h1';
/** Twenty lines with the longest ids and a 255-byte buyer stay below this. */
const TOKEN_CHARS_MAX = 8192;

type Payload = [
  saleId: string,
  holdId: string,
  buyerId: string,
  currency: string,
  placedAtMs: number,
  expiresAtMs: number,
  lines: [ticketTypeId: string, quantity: number, priceMinor: number][],
];

/** Makes the signer of hold tokens. `secret` is used for nothing else. */
export function createReceipts(secret: string): Receipts {
  const hmac = createHmacSha256(secret);
  const signature = (body: string) => hmac(`${VERSION}.${body}`);
  return {
    sign(receipt) {
      const payload: Payload = [
        receipt.saleId,
        receipt.holdId,
        receipt.buyerId,
        receipt.currency,
        receipt.placedAtMs,
        receipt.expiresAtMs,
        receipt.lines.map((line) => [line.ticketTypeId, line.quantity, line.priceMinor]),
      ];
      const body = Buffer.from(JSON.stringify(payload)).toString('base64url');
      return `${VERSION}.${body}.${signature(body)}`;
    },
    read(token) {
      if (token.length > TOKEN_CHARS_MAX) return null;
      const [version, body, given, ...rest] = token.split('.');
      if (version !== VERSION || !body || !given || rest.length > 0) return null;
      const expected = Buffer.from(signature(body));
      const actual = Buffer.from(given);
      if (actual.length !== expected.length || !timingSafeEqual(actual, expected)) return null;
      return decode(JSON.parse(Buffer.from(body, 'base64url').toString()) as Payload);
    },
  };
}

function decode([saleId, holdId, buyerId, currency, placedAtMs, expiresAtMs, lines]: Payload): Receipt {
  const priced: PricedLine[] = lines.map(([ticketTypeId, quantity, priceMinor]) => ({
    ticketTypeId,
    quantity,
    priceMinor,
  }));
  return { saleId, holdId, buyerId, currency, placedAtMs, expiresAtMs, lines: priced };
}

const ID_BYTES = 16;
/** Asking the system for sixteen bytes costs twenty times what taking them from a pool does. */
const pool = { bytes: Buffer.alloc(256 * ID_BYTES), at: 256 * ID_BYTES };

/** A fresh id of 128 random bits. */
export function randomId(): string {
  if (pool.at === pool.bytes.length) {
    randomFillSync(pool.bytes);
    pool.at = 0;
  }
  pool.at += ID_BYTES;
  return pool.bytes.toString('base64url', pool.at - ID_BYTES, pool.at);
}

/** The id that belongs to these parts and to nothing else: 128 bits of an HMAC over length-prefixed parts. */
export function derivedId(secret: string, parts: readonly string[]): string {
  const hmac = createHmac('sha256', secret);
  for (const part of parts) {
    const bytes = Buffer.from(part);
    hmac.update(`${bytes.length}:`).update(bytes);
  }
  return hmac.digest().subarray(0, 16).toString('base64url');
}

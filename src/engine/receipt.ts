import { timingSafeEqual } from 'node:crypto';
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

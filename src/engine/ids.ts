import { createHmac, randomFillSync } from 'node:crypto';

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

/** The characters of base64url in the order of their bytes, so that texts stand in the order of the numbers they write. */
const DIGITS = '-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz';
const SALE_DIGITS = 2;
/** Milliseconds until the year 2109; what comes then begins at the front again. */
const TIME_DIGITS = 7;
const RANDOM_DIGITS = 13;

/**
 * A fresh id for a hold, as long as a random one: digits of its sale, then of the time (Unix milliseconds), then 78 random bits. Orders
 * that are written together then stand together in the indexes of MySQL. Sales stand apart, because what InnoDB locks when a row is
 * rolled back under somebody who waits for it is the gap behind it: without them that were the place of everybody's next row.
 */
export function newHoldId(saleId: string, nowMs: number): string {
  return digitsOf(hashOf(saleId), SALE_DIGITS) + digitsOf(nowMs, TIME_DIGITS) + randomId().slice(0, RANDOM_DIGITS);
}

/** The last so many digits of a whole number. */
function digitsOf(number: number, count: number): string {
  let text = '';
  for (let left = number; text.length < count; left = Math.floor(left / 64)) text = DIGITS.charAt(left % 64) + text;
  return text;
}

function hashOf(text: string): number {
  let hash = 0;
  for (let at = 0; at < text.length; at += 1) hash = (hash * 31 + text.charCodeAt(at)) % 64 ** SALE_DIGITS;
  return hash;
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

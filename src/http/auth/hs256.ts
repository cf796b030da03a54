import { timingSafeEqual } from 'node:crypto';
import { createHmacSha256 } from '../../engine/hmac.ts';

/** Verifies the signature of a compact token and returns its claims, or null when it is not ours. */
export type Hs256 = (token: string) => Record<string, unknown> | null;

/**
 * HS256 with the hashes of node:crypto (RFC 7515), because a general library costs five to twenty times as much a token. The header is
 * checked against a list of what may stand in it, so no `crit`, `kid` or `jwk` can ask for anything.
 */
export function createHs256(secret: string): Hs256 {
  const hmac = createHmacSha256(secret);
  // An issuer writes the same header into all its tokens: it is judged once.
  let plainHeader = '';
  return (token) => {
    const [header = '', payload = '', signature = ''] = token.split('.');
    if (header !== plainHeader) {
      if (!isPlainHeader(header)) return null;
      plainHeader = header;
    }
    const expected = hmac(`${header}.${payload}`);
    // The texts are compared, not the decoded bytes: base64url has several spellings of the same bytes.
    const given = Buffer.from(signature, 'latin1');
    if (given.length !== expected.length || !timingSafeEqual(given, Buffer.from(expected, 'latin1'))) return null;
    return decodeObject(payload);
  };
}

/** A part of a token as an object, or null when it is none. */
export function decodeObject(part: string): Record<string, unknown> | null {
  return parseObject(Buffer.from(part, 'base64url').toString('utf8'));
}

/** JSON text as an object, or null when it is none. */
export function parseObject(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as Record<string, unknown>) : null;
  } catch {
    // What does not parse was not made by an issuer of ours; there is nothing more to say about it.
    return null;
  }
}

function isPlainHeader(part: string): boolean {
  const header = decodeObject(part);
  if (header === null || header['alg'] !== 'HS256') return false;
  if (Object.hasOwn(header, 'typ') && header['typ'] !== 'JWT') return false;
  return Object.keys(header).every((name) => name === 'alg' || name === 'typ');
}

import { createHash, hash } from 'node:crypto';

/** The HMAC-SHA256 of a text's UTF-8 bytes, in base64url. */
export type Hmac = (text: string) => string;

const BLOCK_BYTES = 64;
const DIGEST_BYTES = 32;
/** A longer text gets a buffer of its own. */
const SCRATCH_CHARS = 8192;
const UTF8_BYTES_PER_CHAR_MAX = 3;

/**
 * Fixes the key of an HMAC (RFC 2104: two hashes, each begun with the padded key). `createHmac` does the same for twice
 * the time, because it makes and frees a context for each text, and every request verifies or signs a text or two.
 */
export function createHmacSha256(secret: string): Hmac {
  const { inner, outer } = paddedKeys(Buffer.from(secret, 'utf8'));
  const scratch = Buffer.alloc(BLOCK_BYTES + SCRATCH_CHARS * UTF8_BYTES_PER_CHAR_MAX);
  inner.copy(scratch);
  const last = Buffer.concat([outer, Buffer.alloc(DIGEST_BYTES)]);

  return (text) => {
    last.write(innerDigest(text), BLOCK_BYTES, 'binary');
    return hash('sha256', last, 'base64url');
  };

  /** As `binary` (latin1), where a character is a byte: that is cheaper than a buffer. */
  function innerDigest(text: string): string {
    if (text.length > SCRATCH_CHARS) return hash('sha256', Buffer.concat([inner, Buffer.from(text, 'utf8')]), 'binary');
    const bytes = scratch.write(text, BLOCK_BYTES, 'utf8');
    return hash('sha256', scratch.subarray(0, BLOCK_BYTES + bytes), 'binary');
  }
}

function paddedKeys(secret: Buffer): { inner: Buffer; outer: Buffer } {
  const key = Buffer.alloc(BLOCK_BYTES);
  (secret.length > BLOCK_BYTES ? createHash('sha256').update(secret).digest() : secret).copy(key);
  return { inner: Buffer.from(key.map((byte) => byte ^ 0x36)), outer: Buffer.from(key.map((byte) => byte ^ 0x5c)) };
}

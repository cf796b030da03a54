import { LRUCache } from 'lru-cache';
import type { Verified } from './caller.ts';

/** Callers by the tokens that named them, so that a token which comes again is not verified again. */
export type SeenTokens = {
  /** Whom this token named, while that is to be trusted. */
  find(token: string, nowMs: number): Verified | undefined;
  /** Takes note of a token that was just verified. */
  keep(token: string, caller: Verified, nowMs: number): void;
};

const SEEN_BYTES_MAX = 64 * 1024 * 1024;
/** What an entry takes besides the token itself. */
const ENTRY_BYTES = 512;
/** A seen token is verified again after this, so that a key that the provider withdrew stops working. */
const TRUST_SEEN_MS = 5 * 60_000;

/** A power of two. A mark stays until another token gets its place; who lost it is verified again. */
const PLACES = 2 ** 18;
/** Of the end of a token, which is the end of a signature and therefore differs. */
const MARKED_CHARS = 8;

/**
 * Makes the cache. Where verifying is cheap it has a doorkeeper, as TinyLFU does: the first time that a token comes only a number
 * is noted, and the token is kept the second time. Most of a crowd comes once, and keeping what nobody asks for again
 * costs more than verifying it: every entry is carried through the garbage collector and drives another one out.
 */
export function createSeenTokens({ cheapToVerify }: { cheapToVerify: boolean }): SeenTokens {
  const marks = cheapToVerify ? new Int32Array(PLACES) : null;
  const kept = new LRUCache<string, Verified & { trustedUntilMs: number }>({
    maxSize: SEEN_BYTES_MAX,
    sizeCalculation: (_caller, token) => token.length + ENTRY_BYTES,
  });

  function cameBefore(token: string): boolean {
    if (marks === null) return true;
    const mark = markOf(token);
    return marks[mark & (PLACES - 1)] === mark;
  }

  return {
    find(token, nowMs) {
      if (!cameBefore(token)) return undefined;
      const caller = kept.get(token);
      return caller !== undefined && nowMs < caller.trustedUntilMs ? caller : undefined;
    },
    keep(token, caller, nowMs) {
      if (cameBefore(token)) {
        kept.set(token, { ...caller, trustedUntilMs: Math.min(caller.expiresAtMs, nowMs + TRUST_SEEN_MS) });
      } else if (marks) {
        const mark = markOf(token);
        marks[mark & (PLACES - 1)] = mark;
      }
    },
  };
}

/** FNV-1a. Two tokens with one mark do no harm: the cache itself compares whole tokens. */
function markOf(token: string): number {
  let mark = 0x811c9dc5;
  for (let at = token.length - MARKED_CHARS; at < token.length; at += 1) {
    mark = Math.imul(mark ^ token.charCodeAt(at), 0x01000193);
  }
  return mark;
}

import { LRUCache } from 'lru-cache';
import type { Line, ReserveOutcome } from '../domain/hold.ts';
import { packLines } from '../redis/hold-record.ts';

/** The answers that a whole crowd gets alike: they say nothing of the buyer, only of the stock. */
export type Shortage = Extract<ReserveOutcome, { status: 'sold_out' | 'all_held' }>;

/**
 * What a process repeats without asking Redis: that there was not enough for the very same lines a moment ago. So a crowd
 * before an empty counter costs one question per moment and process. It only ever refuses, it never promises.
 */
export type Shortages = {
  /** What is known of a sale from now on, until it is forgotten: an answer that was asked for before that is not learned any more. */
  of(saleId: string): SaleShortages;
  /** Forgets a sale, after this process put tickets back into it. Other processes remember for a moment longer. */
  forget(saleId: string): void;
};

export type SaleShortages = {
  /** The shortage that these lines met within the last moment; null when Redis must be asked. */
  recall(lines: readonly Line[]): Shortage | null;
  /** Remembers what Redis has just said, and hands it on. */
  learn(lines: readonly Line[], shortage: Shortage): Shortage;
};

type Remembered = { shortage: Shortage; learnedAtMs: number; untilMs: number };

const SALES_MAX = 1000;
/** Different lines of one sale: a crowd asks for few, and who makes up others only makes us ask Redis again. */
const LINES_MAX = 100;

/** Makes a memory of `memoryMs`; 0 remembers nothing. `nowMs` is any clock that does not run backwards. */
export function createShortages(memoryMs: number, nowMs: () => number = () => performance.now()): Shortages {
  const sales = new LRUCache<string, SaleShortages>({ max: SALES_MAX });

  return {
    of(saleId) {
      const known = sales.get(saleId);
      if (known) return known;
      // Whoever asks Redis takes this along. Forgotten meanwhile, it is nobody's, and a late answer is learned by nobody.
      const fresh = createSaleShortages(memoryMs, nowMs);
      sales.set(saleId, fresh);
      return fresh;
    },
    forget(saleId) {
      sales.delete(saleId);
    },
  };
}

function createSaleShortages(memoryMs: number, nowMs: () => number): SaleShortages {
  const known = new Map<string, Remembered>();

  return {
    recall(lines) {
      const found = known.size > 0 ? known.get(packLines(lines)) : undefined;
      const now = nowMs();
      if (!found || now >= found.untilMs) return null;
      const { shortage, learnedAtMs } = found;
      if (shortage.status === 'sold_out') return shortage;
      return { ...shortage, retryAfterMs: shortage.retryAfterMs - (now - learnedAtMs) };
    },
    learn(lines, shortage) {
      // A hold that lapses sooner comes back sooner: then Redis is asked, which expires it there and then.
      const forMs = shortage.status === 'sold_out' ? memoryMs : Math.min(memoryMs, shortage.retryAfterMs);
      if (forMs <= 0) return shortage;
      if (known.size >= LINES_MAX) known.clear();
      const learnedAtMs = nowMs();
      known.set(packLines(lines), { shortage, learnedAtMs, untilMs: learnedAtMs + forMs });
      return shortage;
    },
  };
}

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
  /** The shortage that these lines met within the last moment; null when Redis must be asked. */
  recall(saleId: string, lines: readonly Line[]): Shortage | null;
  /** Remembers what Redis has just said, and hands it on. */
  learn(saleId: string, lines: readonly Line[], shortage: Shortage): Shortage;
  /** Forgets a sale, after this process put tickets back into it. Other processes remember for a moment longer. */
  forget(saleId: string): void;
};

type Remembered = { shortage: Shortage; learnedAtMs: number; untilMs: number };

const SALES_MAX = 1000;
/** Different lines of one sale: a crowd asks for few, and who makes up others only makes us ask Redis again. */
const LINES_MAX = 100;

/** Makes a memory of `memoryMs`; 0 remembers nothing. `nowMs` is any clock that does not run backwards. */
export function createShortages(memoryMs: number, nowMs: () => number = () => performance.now()): Shortages {
  const sales = new LRUCache<string, Map<string, Remembered>>({ max: SALES_MAX });

  return {
    recall(saleId, lines) {
      const found = sales.get(saleId)?.get(packLines(lines));
      const now = nowMs();
      if (!found || now >= found.untilMs) return null;
      const { shortage, learnedAtMs } = found;
      if (shortage.status === 'sold_out') return shortage;
      return { ...shortage, retryAfterMs: shortage.retryAfterMs - (now - learnedAtMs) };
    },
    learn(saleId, lines, shortage) {
      // A hold that lapses sooner comes back sooner: then Redis is asked, which expires it there and then.
      const forMs = shortage.status === 'sold_out' ? memoryMs : Math.min(memoryMs, shortage.retryAfterMs);
      if (forMs <= 0) return shortage;
      const known = sales.get(saleId);
      const remembered = known && known.size < LINES_MAX ? known : new Map<string, Remembered>();
      const learnedAtMs = nowMs();
      remembered.set(packLines(lines), { shortage, learnedAtMs, untilMs: learnedAtMs + forMs });
      sales.set(saleId, remembered);
      return shortage;
    },
    forget(saleId) {
      sales.delete(saleId);
    },
  };
}

import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';

export type Kind = 'reserve' | 'confirm';

/** Milliseconds; `count` answers were measured. */
export type Latency = { count: number; p50: number; p99: number; p999: number; max: number };

/** How often each outcome was met: `201 held`, `409 sold_out`, `timeout`. */
export type Counts = Record<string, number>;

export type Tally = {
  /** One request came to its end; `latencyMs` is null when it was never answered. */
  add(kind: Kind, outcome: string, latencyMs: number | null): void;
  counts(kind: Kind): Counts;
  /** Of all answers of a kind, or of those whose outcome passes; null when there was none. */
  latency(kind: Kind, passes?: (outcome: string) => boolean): Latency | null;
};

const microsecondsMax = 600_000_000;

/** Counts outcomes, and keeps an HDR histogram of three significant digits for each. */
export function createTally(): Tally {
  const seen = {
    reserve: new Map<string, { count: number; answered: RecordableHistogram }>(),
    confirm: new Map<string, { count: number; answered: RecordableHistogram }>(),
  };
  return {
    add(kind, outcome, latencyMs) {
      let entry = seen[kind].get(outcome);
      if (!entry) {
        entry = { count: 0, answered: newHistogram() };
        seen[kind].set(outcome, entry);
      }
      entry.count += 1;
      if (latencyMs !== null) {
        entry.answered.record(Math.min(microsecondsMax, Math.max(1, Math.round(latencyMs * 1000))));
      }
    },
    counts: (kind) => Object.fromEntries([...seen[kind]].map(([outcome, { count }]) => [outcome, count])),
    latency(kind, passes = () => true) {
      const sum = newHistogram();
      for (const [outcome, { answered }] of seen[kind]) if (passes(outcome)) sum.add(answered);
      if (sum.count === 0) return null;
      const ms = (microseconds: number) => Math.round(microseconds / 10) / 100;
      return {
        count: sum.count,
        p50: ms(sum.percentile(50)),
        p99: ms(sum.percentile(99)),
        p999: ms(sum.percentile(99.9)),
        max: ms(sum.max),
      };
    },
  };
}

function newHistogram(): RecordableHistogram {
  return createHistogram({ lowest: 1, highest: microsecondsMax, figures: 3 });
}

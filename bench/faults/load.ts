import { setTimeout as sleep } from 'node:timers/promises';
import type { Market } from './market.ts';
import { meddle } from './meddler.ts';
import type { Recorder } from './recorder.ts';
import { visit } from './visit.ts';

export type Load = {
  /** No more visitors come, and no admin meddles; resolves when those who are here have left. */
  stop(): Promise<void>;
};

const visitsMax = 400;

/** Visitors arrive evenly, whatever becomes of those before them; an admin meddles at times. */
export function startLoad(input: {
  recorder: Recorder;
  market: Market;
  seed: number;
  schedule: number;
  /** Visitors a second. */
  rate: number;
}): Load {
  const { rate } = input;
  const visits = new Set<Promise<void>>();
  const startedMs = performance.now();
  const stopped = new AbortController();
  let visitors = 0;

  const come = async () => {
    while (!stopped.signal.aborted) {
      for (; visitors < ((performance.now() - startedMs) * rate) / 1000; visitors += 1) {
        // An engine that answers nobody must not be met by an ever growing crowd: who does not fit in goes home.
        if (visits.size >= visitsMax) continue;
        const going = visit({ ...input, visitor: visitors });
        visits.add(going);
        void going.finally(() => visits.delete(going));
      }
      await sleep(10);
    }
  };
  const running = Promise.all([come(), meddle({ ...input, signal: stopped.signal })]);
  return {
    async stop() {
      stopped.abort();
      await running;
      await Promise.all(visits);
    },
  };
}

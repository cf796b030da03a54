import { arrive } from './arrivals.ts';
import type { Generator } from './generator.ts';

/**
 * Sends every request of a plan in an open loop, so many a second, and waits for every answer. Latencies count from when a request
 * was due, on connections that were there before.
 */
export function atFixedRate(perSecond: number): Generator['load'] {
  return async ({ baseUrl, requests, connections }) => ({
    fire: async () => {
      const next = requests[Symbol.iterator]();
      const startedMs = performance.now();
      const { latency, statuses } = await arrive({
        ...{ baseUrl, perSecond, connections },
        next: () => next.next().value ?? null,
      });
      const all = latency.get('all');
      if (!all) throw new Error('an open loop without an answer');
      const refused = [...statuses].filter(([status]) => status >= 400).reduce((sum, [, count]) => sum + count, 0);
      return {
        ...{ answers: all.count, refused, errors: 0, seconds: (performance.now() - startedMs) / 1000 },
        ...{ p50Ms: all.p50, p99Ms: all.p99, ranOut: true },
      };
    },
  });
}

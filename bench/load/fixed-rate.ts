import { arriveEach } from './arrivals.ts';
import type { Generator } from './generator.ts';

/**
 * Sends every request of a plan in an open loop, so many a second, however long that takes, and waits for every answer. Latencies
 * count from when a request was due, on connections that were there before.
 */
export function atFixedRate(perSecond: number): Generator['load'] {
  return async ({ baseUrl, requests, connections }) => ({
    fire: async () => {
      const {
        latency,
        statuses,
        perSecond: answered,
      } = await arriveEach({ baseUrl, requests, perSecond, connections });
      const refused = [...statuses].filter(([status]) => status >= 400).reduce((sum, [, count]) => sum + count, 0);
      return {
        ...{ answers: latency.count, refused, errors: 0, seconds: latency.count / answered },
        ...{ p50Ms: latency.p50, p99Ms: latency.p99, ranOut: true },
      };
    },
  });
}

import { createHistogram } from 'node:perf_hooks';
import { withLines } from './crowd.ts';
import type { Generator } from './generator.ts';
import type { Answer, Line } from './line.ts';
import type { Fired, Plan, Request } from './request.ts';

/**
 * A closed loop of pairs: `second` makes the other request from the answer to the first. A pair that has begun is ended, also after
 * the time is over, so nothing is left half-way; the seconds count until then.
 */
export function chain(second: (answer: Answer, token: string) => Request): Generator['load'] {
  return async (plan) => ({ fire: () => fire(plan, second) });
}

async function fire(plan: Plan, second: (answer: Answer, token: string) => Request): Promise<Fired> {
  const { requests, seconds } = plan;
  const histogram = createHistogram();
  const count = { answers: 0, refused: 0 };
  const untilMs = performance.now() + seconds * 1000;
  let next = 0;
  const pair = async (line: Line) => {
    const request = requests[next++];
    if (!request || performance.now() >= untilMs) return false;
    const startedMs = performance.now();
    const first = await line.ask(request);
    const last = first.status < 400 ? await line.ask(second(first, request.token ?? '')) : first;
    if (last.status >= 400) count.refused += 1;
    count.answers += 1;
    histogram.record(Math.max(1, Math.round((performance.now() - startedMs) * 1000)));
    return true;
  };
  const { seconds: took } = await withLines(plan, pair);
  return {
    ...count,
    ...{ errors: 0, seconds: took, ranOut: next > requests.length },
    ...{ p50Ms: histogram.percentile(50) / 1000, p99Ms: histogram.percentile(99) / 1000 },
  };
}

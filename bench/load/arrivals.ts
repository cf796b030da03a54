import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import { collectGarbage } from '../../src/testing/collect-garbage.ts';
import { type Line, openLine } from './line.ts';
import type { Request } from './request.ts';

/** Milliseconds from when a request was due to its answer. */
export type Latency = { count: number; p50: number; p90: number; p99: number; p999: number; max: number };

/** What came of an open loop. */
export type Arrived = {
  /** Microseconds by phase, as `phaseOf` named the moment when a request was due. */
  histograms: Map<string, RecordableHistogram>;
  statuses: Map<number, number>;
  /** Answers a second over the whole of it: far below the rate means that it could not be kept up. */
  perSecond: number;
};

/** What is to be sent, and when. */
export type ArrivalsInput = {
  baseUrl: string;
  /** The next request; null ends it. */
  next: () => Request | null;
  perSecond: number;
  connections: number;
  phaseOf?: () => string;
};

const microsecondsMax = 600_000_000;
/** Below this share of its rate an open loop has fallen behind, and its latencies are those of a queue that only grows. */
const keptUpShare = 0.95;

/** Whether the answers came as fast as the requests were due. */
export function keptUp(answeredPerSecond: number, perSecond: number): boolean {
  return answeredPerSecond >= keptUpShare * perSecond;
}

/** The latencies of one phase over several loads. Throws when nobody came in it: a percentile would hide that. */
export function latencyOf(loads: readonly Arrived[], phase: string): Latency {
  const all = emptyHistogram();
  for (const { histograms } of loads) all.add(histograms.get(phase) ?? emptyHistogram());
  if (all.count === 0) throw new Error(`nobody came in the phase ${phase} of an open loop`);
  return read(all);
}

/** An open loop of so many requests, each once, without phases. Throws when there was none. */
export async function arriveEach({
  requests,
  ...input
}: Omit<ArrivalsInput, 'next' | 'phaseOf'> & { requests: readonly Request[] }): Promise<
  Pick<Arrived, 'statuses' | 'perSecond'> & { latency: Latency }
> {
  const next = requests[Symbol.iterator]();
  const arrived = await arrive({ ...input, next: () => next.next().value ?? null });
  return { statuses: arrived.statuses, perSecond: arrived.perSecond, latency: latencyOf([arrived], 'all') };
}

/**
 * An open loop: requests are due at even distances and wait for nobody's answer. One that finds no connection free has waited
 * since it was due, so nothing is omitted when the server is slow. The timer adds up to a millisecond, to everybody.
 */
export async function arrive(input: ArrivalsInput): Promise<Arrived> {
  const { next, perSecond, phaseOf = () => 'all' } = input;
  // A server cuts connections that bring no request for some seconds, so each of them has to get its turn, one after the other.
  const connections = Math.min(input.connections, Math.ceil(perSecond));
  const lines = await Promise.all(Array.from({ length: connections }, () => openLine(input.baseUrl)));
  const idle = [...lines];
  const waiting: { request: Request; dueMs: number; phase: string }[] = [];
  const histograms = new Map<string, RecordableHistogram>();
  const statuses = new Map<number, number>();
  // What is done now is not done on the way, where the server would be blamed for it.
  collectGarbage('all');
  const startedMs = performance.now();
  let due = 0;
  let answered = 0;
  let isOver = false;

  await new Promise<void>((resolve, reject) => {
    const send = async (line: Line, { request, dueMs, phase }: (typeof waiting)[number]) => {
      const { status } = await line.ask(request);
      record(histograms, phase, performance.now() - dueMs);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      answered += 1;
      idle.push(line);
      dispatch();
    };
    const dispatch = () => {
      while (waiting.length > 0 && idle.length > 0) {
        const [line, shot] = [idle.shift(), waiting.shift()];
        if (line && shot) send(line, shot).catch(reject);
      }
      if (isOver && waiting.length === 0 && answered === due) resolve();
    };
    const tick = () => {
      const elapsedMs = performance.now() - startedMs;
      for (; !isOver && (due * 1000) / perSecond <= elapsedMs; due += 1) {
        const request = next();
        if (request) waiting.push({ request, dueMs: startedMs + (due * 1000) / perSecond, phase: phaseOf() });
        else isOver = true;
        if (isOver) break;
      }
      dispatch();
      if (!isOver) setTimeout(tick, 1);
    };
    tick();
  }).finally(() => {
    for (const line of lines) line.close();
  });
  const seconds = (performance.now() - startedMs) / 1000;
  return { histograms, statuses, perSecond: answered / seconds };
}

function record(histograms: Map<string, RecordableHistogram>, phase: string, latencyMs: number): void {
  const histogram = histograms.get(phase) ?? emptyHistogram();
  histograms.set(phase, histogram);
  histogram.record(Math.min(microsecondsMax, Math.max(1, Math.round(latencyMs * 1000))));
}

function emptyHistogram(): RecordableHistogram {
  return createHistogram({ lowest: 1, highest: microsecondsMax, figures: 3 });
}

function read(histogram: RecordableHistogram): Latency {
  const ms = (percent: number) => histogram.percentile(percent) / 1000;
  return {
    ...{ count: histogram.count, p50: ms(50), p90: ms(90), p99: ms(99), p999: ms(99.9) },
    max: histogram.max / 1000,
  };
}

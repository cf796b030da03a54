import { setTimeout as sleep } from 'node:timers/promises';
import { check } from './check.ts';
import { type Client, openClient } from './client.ts';
import type { Harm } from './fault.ts';
import { waitUntilHealthy } from './heal.ts';
import { isUnknown, type Request } from './history.ts';
import { startLoad } from './load.ts';
import { closeMarket, describeMarket, type Market, openMarket } from './market.ts';
import { readCampaignTruth, readSaleTruth, type Sources } from './read-truth.ts';
import { createRecorder, type Recorder } from './recorder.ts';
import { waitForRest } from './rest.ts';
import type { Schedule } from './schedule.ts';
import type { Stack } from './stack.ts';
import type { Violation } from './truth.ts';
import { firstBalance, serveAgainMs } from './watch.ts';

/** What came of one schedule. Times are milliseconds from the end of the harm. */
export type Result = {
  schedule: Schedule;
  injected: number;
  requests: number;
  unknowns: number;
  /** By kind and word. */
  outcomes: Record<string, number>;
  serveAgainMs: number | null;
  conservationMs: number | null;
  restMs: number;
  violations: Violation[];
  history: readonly Request[];
  startedMs: number;
};

const afterHarmMs = 1500;
const serveWithinMs = 15_000;
const restWithinMs = 15_000;

/** Runs one schedule under load, waits for rest and judges it. Throws only for a failure of the bench itself. */
export async function runSchedule(stack: Stack, schedule: Schedule, options: { rate: number }): Promise<Result> {
  const client = openClient(stack.servers, stack.secret);
  try {
    return await underLoad(stack, schedule, { ...options, client });
  } finally {
    client.close();
  }
}

async function underLoad(
  stack: Stack,
  schedule: Schedule,
  { client, rate }: { client: Client; rate: number },
): Promise<Result> {
  const market = describeMarket(`${schedule.seed}-${schedule.number}-${Date.now().toString(36)}`);
  await openMarket(client, market);
  const recorder = createRecorder(client);
  const startedMs = performance.now();
  const load = startLoad({ recorder, market, seed: schedule.seed, schedule: schedule.number, rate });
  const harms = await Promise.all(
    schedule.faults.map(async ({ atMs, fault }): Promise<Harm> => {
      await sleep(atMs);
      return fault.inflict(stack, market);
    }),
  );
  const harmEndedMs = Math.max(...harms.map(({ endedMs }) => endedMs));
  const balance = firstBalance(client, market, harmEndedMs + serveWithinMs);
  await servedAgain(stack, recorder, harmEndedMs);
  await load.stop();
  const balancedMs = await balance;

  const judged = await judge(stack, { market, recorder, harms, client });
  const served = serveAgainMs(recorder.history, serverNames(stack), harmEndedMs);
  const violations = [...judged.violations];
  if (served === null) violations.push(missing('it serves again', `not within ${serveWithinMs} ms on every server`));
  for (const problem of await waitUntilHealthy(stack)) violations.push(missing('everything comes back', problem));
  await closeMarket(client, market);
  return {
    schedule,
    injected: harms.reduce((sum, { injected }) => sum + injected, 0),
    requests: recorder.history.length,
    unknowns: recorder.history.filter(isUnknown).length,
    outcomes: count(recorder.history),
    serveAgainMs: served,
    conservationMs: balancedMs === null ? null : balancedMs - harmEndedMs,
    restMs: judged.restMs,
    violations,
    history: recorder.history,
    startedMs,
  };
}

/** Keeps the load on for a while after the harm, and until every server has sold something again. */
async function servedAgain(stack: Stack, { history }: Recorder, harmEndedMs: number): Promise<void> {
  await sleep(Math.max(0, harmEndedMs + afterHarmMs - performance.now()));
  while (serveAgainMs(history, serverNames(stack), harmEndedMs) === null) {
    if (performance.now() > harmEndedMs + serveWithinMs) return;
    await sleep(100);
  }
}

async function judge(
  stack: Stack,
  input: { market: Market; recorder: Recorder; harms: Harm[]; client: Client },
): Promise<{ violations: Violation[]; restMs: number }> {
  const { market, recorder, harms, client } = input;
  const mysql = await stack.openMysql();
  try {
    const sources: Sources = { redis: stack.redis.master().redis, mysql, client };
    const rest = await waitForRest(sources, market, restWithinMs);
    const violations = check({
      history: recorder.history,
      losses: harms.flatMap((harm) => harm.losses),
      epochMs: performance.timeOrigin,
      sales: [await readSaleTruth(sources, market.scarce), await readSaleTruth(sources, market.plenty)],
      campaign: await readCampaignTruth(sources, market.campaign),
    });
    if (!rest.isAtRest) violations.unshift(missing('it comes to rest', rest.moving));
    return { violations, restMs: rest.waitedMs };
  } finally {
    mysql.destroy();
  }
}

function serverNames(stack: Stack): string[] {
  return stack.servers.map(({ name }) => name);
}

function missing(rule: string, text: string): Violation {
  return { rule, text, about: {} };
}

function count(history: readonly Request[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { kind, status, word } of history) {
    const name = `${kind} ${status ?? 'no answer'} ${word}`;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

import { cpus } from 'node:os';
import { say } from '../../scripts/say.ts';
import type { Generator } from '../load/generator.ts';
import type { Fired, Request } from '../load/request.ts';
import { bottleneckOf, watchBusy } from './busy.ts';
import type { Busy, Row, Rule } from './result.ts';
import type { Scene } from './scene.ts';
import { median, ratiosOf, spreadOf } from './statistics.ts';

/** One program of a case, measured by the same load as the others. */
export type Arm = {
  name: string;
  kind: Row['kind'];
  baseUrl: string;
  pids: Record<string, number>;
  /** Makes requests that were never sent before; nothing here is timed. May make fewer than asked for. */
  prepare(count: number): Promise<Request[]>;
  /** Holds what was answered against the books. */
  check(fired: Fired): Promise<Rule[]>;
  /** Sends the load, where one request is not one unit of the figure; the generator of the scene otherwise. */
  load?: Generator['load'];
  /** Requests a second that it surely does not exceed before it was measured once. */
  atMostPerSecond: number;
};

/** What came of all rounds but the warm-up, in the order of the arms. */
export type Rounds = { rows: Row[]; rules: Rule[]; perSecond: Map<string, number[]>; fired: Map<string, Fired[]> };

const warmUpSecondsMax = 2;
/** More requests than the last round took, so that they do not run out when the next one is faster. */
const reserveShare = 1.4;

/** Warms up each arm (no seconds: they are warm), then lets them take turns; the first one is the echo that the others are compared with. */
export async function runRounds(
  scene: Scene,
  arms: Arm[],
  {
    rounds,
    seconds,
    warmUpSeconds = warmUpSecondsMax,
  }: { rounds: number; seconds: number; warmUpSeconds?: number } = scene.options,
): Promise<Rounds> {
  const measured = arms.map((arm) => ({
    ...{ arm, perSecond: [] as number[], busy: [] as Busy[], fired: [] as Fired[], guess: arm.atMostPerSecond },
  }));
  const rules: Rule[] = [];
  for (let round = warmUpSeconds > 0 ? 0 : 1; round <= rounds; round += 1) {
    for (const each of measured) {
      const length = round === 0 ? Math.min(warmUpSeconds, seconds) : seconds;
      const { fired, busy, rules: held } = await fireOnce(scene, each.arm, { seconds: length, guess: each.guess });
      rules.push(...held);
      const rate = fired.answers / fired.seconds;
      each.guess = Math.max(1, rate);
      if (round === 0) continue;
      each.perSecond.push(rate);
      each.fired.push(fired);
      each.busy.push(busy);
    }
    if (round > 0)
      say(`  round ${round}: ${measured.map((it) => `${it.arm.name} ${text(it.perSecond.at(-1))}`).join(', ')}`);
  }
  const base = measured[0]?.perSecond ?? [];
  return {
    rules,
    fired: new Map(measured.map(({ arm, fired }) => [arm.name, fired])),
    perSecond: new Map(measured.map(({ arm, perSecond }) => [arm.name, perSecond])),
    rows: measured.map(({ arm, perSecond, busy }) => {
      const usual = medianBusy(busy);
      return {
        ...{
          name: arm.name,
          kind: arm.kind,
          perSecond: spreadOf(perSecond),
          ratio: spreadOf(ratiosOf(perSecond, base)),
        },
        ...{ busy: usual, bottleneck: bottleneckOf(usual, cpus().length) },
      };
    }),
  };
}

/** One timed firing, and what has to be true after it. */
export async function fireOnce(
  scene: Scene,
  arm: Arm,
  { seconds, guess }: { seconds: number; guess: number },
): Promise<{ fired: Fired; busy: Busy; rules: Rule[] }> {
  const { connections } = scene.options;
  const requests = await arm.prepare(Math.ceil(guess * seconds * reserveShare) + connections);
  const load = await (arm.load ?? scene.generator.load)({ baseUrl: arm.baseUrl, requests, connections, seconds });
  const busyUntilNow = watchBusy(arm.pids);
  const fired = await load.fire();
  const busy = busyUntilNow();
  const errors = {
    rule: `${arm.name}: every connection lasted`,
    ok: fired.errors === 0,
    numbers: `${fired.errors} errors`,
  };
  return { fired, busy, rules: [errors, ...(await arm.check(fired))] };
}

function medianBusy(rounds: Busy[]): Busy {
  const names = Object.keys(rounds[0] ?? {});
  return Object.fromEntries(names.map((name) => [name, median(rounds.map((busy) => busy[name] ?? 0))]));
}

function text(perSecond: number | undefined): string {
  return `${Math.round(perSecond ?? 0).toLocaleString('en-US')}/s`;
}

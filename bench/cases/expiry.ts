// Question: when 100,000 holds lapse within one second, how soon are their tickets back, and do other buyers notice?
import { setTimeout as sleep } from 'node:timers/promises';
import { say } from '../../scripts/say.ts';
import { type Arrived, arrive, latencyOf } from '../load/arrivals.ts';
import { reserveRequest } from '../load/request.ts';
import { conserved, equal } from '../suite/books.ts';
import { emptyResult, type Rule } from '../suite/result.ts';
import { fireOnce } from '../suite/rounds.ts';
import type { Scene } from '../suite/scene.ts';
import { reserveArm } from './arms.ts';
import type { Case } from './case.ts';
import { type Lapsing, placeLapsing } from './expiry/place-lapsing.ts';
import { type SlowScripts, watchSlowScripts } from './expiry/slow-scripts.ts';

const question =
  'when 100,000 holds lapse within one second, how soon are their tickets back, and do other buyers notice?';

const slowMicroseconds = 5000;
/** Long enough for the server to collect its garbage now and then, as it does while holds lapse. */
const beforeMs = 12_000;
/** The first moments of a load are those of a server that wakes up; they are not counted. */
const settlingMs = 1500;
/** Sees that all are held, makes the buyers of the load, and opens its connections. */
const preparationMs = 5000;
const giveUpMs = 20_000;
/** Each look is a call of the admin's to both stores, and must not become a load of its own. */
const pollMs = 100;
/** What surely can be placed on a machine whose speed changes, as a share of the throughput; and for so long at most. */
const placedShare = 0.6;
const placeSecondsMax = 30;
/** A second, and what the admin's call takes that makes the hold time shorter. */
const spreadMaxMs = 2000;

/** The experiment. */
export const expiry: Case = {
  ...{ name: 'expiry', question },
  async run(scene) {
    const { options } = scene;
    const otherSale = await scene.openSale({ tickets: 5_000_000 });
    const arm = reserveArm(scene, otherSale);
    await fireOnce(scene, arm, { seconds: 1, guess: arm.atMostPerSecond });
    const { fired, rules } = await fireOnce(scene, arm, { seconds: 2, guess: arm.atMostPerSecond });
    const saturation = fired.answers / fired.seconds;
    const wanted = options.quick ? 5000 : 100_000;
    const holds = Math.min(wanted, Math.floor(saturation * placedShare * placeSecondsMax));
    const rounds: Round[] = [];
    for (let round = 1; round <= options.rounds; round += 1) {
      rounds.push(await lapseOnce(scene, { otherSale, saturation, holds }));
      say(`  round ${round}: all back after ${rounds.at(-1)?.restoredSeconds.toFixed(2)} s`);
    }

    const of = (value: (round: Round) => number) => rounds.map(value);
    const texts = (value: (round: Round) => number, digits: number) =>
      of(value)
        .map((it) => it.toFixed(digits))
        .join(', ');
    return {
      ...emptyResult({ name: 'expiry', question }),
      measures: {
        'restored seconds': Math.max(...of((it) => it.restoredSeconds)),
        'slow scripts': of((it) => it.slow.count).reduce((sum, count) => sum + count, 0),
        'p99 times before': p99Of(rounds, 'during') / p99Of(rounds, 'before'),
      },
      rules: [...rules, ...rounds.flatMap((it) => it.rules), await conserved(scene, otherSale)],
      notes: [
        `${holds.toLocaleString('en-US')} holds a round lapsed within ${texts((it) => it.spreadMs, 0)} ms, and were back after ${texts((it) => it.restoredSeconds, 2)} s, of which the worst counts; they were placed over HTTP while an admin made the hold time a second shorter every second.`,
        `Meanwhile ${Math.round(saturation / 2)} reserves a second at another sale: p99 ${p99Of(rounds, 'before').toFixed(1)} ms before (by round ${texts((it) => p99Of([it], 'before'), 1)}), ${p99Of(rounds, 'during').toFixed(1)} ms while holds lapsed (${texts((it) => p99Of([it], 'during'), 1)}).`,
        `Scripts over ${slowMicroseconds / 1000} ms by SLOWLOG: ${texts((it) => it.slow.count, 0)}, the longest ${texts((it) => it.slow.maxMicroseconds / 1000, 1)} ms (0 where there was none). It counts time that the scheduler took away as well.`,
      ],
    };
  },
};

/** What one wave of lapsing holds showed. */
type Round = {
  spreadMs: number;
  restoredSeconds: number;
  arrived: Arrived;
  slow: SlowScripts;
  rules: Rule[];
};

/** A sale of its own, whose holds all lapse. */
async function lapseOnce(
  scene: Scene,
  { otherSale, saturation, holds }: { otherSale: string; saturation: number; holds: number },
): Promise<Round> {
  const lapsingSale = await scene.openSale({ tickets: holds });
  const lapsing = await placeLapsing(scene, {
    ...{ saleId: lapsingSale, holds, perSecond: saturation * placedShare },
    marginSeconds: (beforeMs + preparationMs) / 1000,
  });
  const slowUntilNow = await watchSlowScripts(scene.redis.url, slowMicroseconds);
  const seen = await lapseUnderLoad(scene, { lapsingSale, otherSale, lapsing, perSecond: saturation / 2 });
  const slow = await slowUntilNow();
  const stock = await scene.engine.admin.stock(lapsingSale);
  const spreadMs = lapsing.lastMs - lapsing.firstMs;
  return {
    ...{ spreadMs, slow },
    restoredSeconds: (seen.restoredMs - lapsing.lastMs) / 1000,
    arrived: seen.arrived,
    rules: [
      equal('expiry: every ticket came back', stock.available, holds),
      equal('expiry: nothing is held any more', stock.held, 0),
      equal('expiry: every other buyer got a hold', seen.arrived.statuses.get(201) ?? 0, seen.sent),
      { rule: 'expiry: the deadlines lie close together', ok: spreadMs < spreadMaxMs, numbers: `${spreadMs} ms` },
      await conserved(scene, lapsingSale),
    ],
  };
}

/** Of all buyers who came in that phase of any round: it lasts two seconds in each, and one pause can be a hundredth of them. */
function p99Of(rounds: readonly Round[], phase: 'before' | 'during'): number {
  return latencyOf(
    rounds.map((round) => round.arrived),
    phase,
  ).p99;
}

/** Other buyers keep coming at a fixed rate, from some seconds before the deadlines until all is back. */
async function lapseUnderLoad(
  scene: Scene,
  input: { lapsingSale: string; otherSale: string; lapsing: Lapsing; perSecond: number },
): Promise<{ restoredMs: number; arrived: Arrived; sent: number }> {
  const { lapsing, perSecond } = input;
  const requests = scene
    .newBuyers(Math.ceil((perSecond * (beforeMs + giveUpMs)) / 1000))
    .map(({ token }) => reserveRequest(input.otherSale, token));
  const next = requests[Symbol.iterator]();
  let restoredMs: number | null = null;
  let sent = 0;
  const waitMs = lapsing.firstMs - beforeMs - Date.now();
  if (waitMs < 0)
    throw new Error(`the holds took ${-waitMs} ms too long: what was before they lapsed cannot be measured`);
  await sleep(waitMs);

  const load = arrive({
    ...{ baseUrl: scene.engine.baseUrl, perSecond, connections: scene.options.connections },
    next: () => {
      const request = restoredMs === null ? (next.next().value ?? null) : null;
      if (request) sent += 1;
      return request;
    },
    phaseOf: () => {
      const nowMs = Date.now();
      if (nowMs >= lapsing.firstMs) return 'during';
      return nowMs < lapsing.firstMs - beforeMs + settlingMs ? 'settling' : 'before';
    },
  });
  const watch = async () => {
    await sleep(Math.max(0, lapsing.firstMs - Date.now()));
    while ((await scene.engine.admin.stock(input.lapsingSale)).held > 0 && Date.now() < lapsing.lastMs + giveUpMs) {
      await sleep(pollMs);
    }
    restoredMs = Date.now();
    return restoredMs;
  };
  const [arrived, backMs] = await Promise.all([load, watch()]);
  return { restoredMs: backMs, arrived, sent };
}

// Question: when 100,000 holds lapse within one second, how soon are their tickets back, and do other buyers notice?
import { setTimeout as sleep } from 'node:timers/promises';
import { type Arrived, arrive } from '../load/arrivals.ts';
import { reserveRequest } from '../load/request.ts';
import { conserved, equal } from '../suite/books.ts';
import { emptyResult } from '../suite/result.ts';
import { fireOnce } from '../suite/rounds.ts';
import type { Scene } from '../suite/scene.ts';
import { reserveArm } from './arms.ts';
import type { Case } from './case.ts';
import { type Lapsing, placeLapsing } from './expiry/place-lapsing.ts';
import { watchSlowScripts } from './expiry/slow-scripts.ts';

const question =
  'when 100,000 holds lapse within one second, how soon are their tickets back, and do other buyers notice?';

const slowMicroseconds = 5000;
/** What the p99 before is taken of. */
const beforeMs = 5000;
/** The first moments of a load are those of a server that wakes up; they are not counted. */
const settlingMs = 1500;
const giveUpMs = 20_000;
const pollMs = 25;
/** What our own client surely places while it reads every answer, as a share of the throughput; and for so long at most. */
const placedShare = 0.3;
const placeSecondsMax = 60;
/** A second, and what the admin's call takes that makes the hold time shorter. */
const spreadMaxMs = 2000;

/** The experiment. */
export const expiry: Case = {
  ...{ name: 'expiry', question },
  async run(scene) {
    const wanted = scene.options.quick ? 5000 : 100_000;
    const [lapsingSale, otherSale] = [
      await scene.openSale({ tickets: wanted }),
      await scene.openSale({ tickets: 2_000_000 }),
    ];
    const arm = reserveArm(scene, otherSale);
    await fireOnce(scene, arm, { seconds: 1, guess: arm.atMostPerSecond });
    const { fired, rules } = await fireOnce(scene, arm, { seconds: 2, guess: arm.atMostPerSecond });
    const saturation = fired.answers / fired.seconds;

    const perSecond = saturation * placedShare;
    const holds = Math.min(wanted, Math.floor(perSecond * placeSecondsMax));
    const lapsing = await placeLapsing(scene, { saleId: lapsingSale, holds, perSecond });
    const slowUntilNow = await watchSlowScripts(scene.redis.url, slowMicroseconds);
    const seen = await lapseUnderLoad(scene, { lapsingSale, otherSale, lapsing, perSecond: saturation / 2 });
    const slow = await slowUntilNow();

    const [before, during] = [seen.arrived.latency.get('before'), seen.arrived.latency.get('during')];
    const stock = await scene.engine.admin.stock(lapsingSale);
    const spreadMs = lapsing.lastMs - lapsing.firstMs;
    return {
      ...emptyResult({ name: 'expiry', question }),
      measures: {
        'restored seconds': (seen.restoredMs - lapsing.lastMs) / 1000,
        'slow scripts': slow.count,
        'p99 times before': (during?.p99 ?? Number.NaN) / (before?.p99 ?? Number.NaN),
      },
      rules: [
        ...rules,
        equal('expiry: every ticket came back', stock.available, wanted),
        equal('expiry: nothing is held any more', stock.held, 0),
        equal('expiry: every other buyer got a hold', seen.arrived.statuses.get(201) ?? 0, seen.sent),
        { rule: 'expiry: the deadlines lie close together', ok: spreadMs < spreadMaxMs, numbers: `${spreadMs} ms` },
        await conserved(scene, lapsingSale),
        await conserved(scene, otherSale),
      ],
      notes: [
        `${holds.toLocaleString('en-US')} holds lapsed within ${spreadMs} ms; they were placed over HTTP while an admin made the hold time a second shorter every second.`,
        `Meanwhile ${Math.round(saturation / 2)} reserves a second at another sale: p99 ${before?.p99.toFixed(1)} ms before, ${during?.p99.toFixed(1)} ms while holds lapsed.`,
        `Scripts over ${slowMicroseconds / 1000} ms by SLOWLOG: ${slow.count}${slow.count > 0 ? `, the longest ${(slow.maxMicroseconds / 1000).toFixed(1)} ms` : ''}. It counts time that the scheduler took away as well.`,
      ],
    };
  },
};

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
  await sleep(Math.max(0, lapsing.firstMs - beforeMs - Date.now()));

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

// Question: does reserving become slower when a million holds are alive, and how much of Redis does a hold take?
import { say } from '../../scripts/say.ts';
import { reserveRequest } from '../load/request.ts';
import { conserved } from '../suite/books.ts';
import { emptyResult, type LiveHoldsPoint, type Rule } from '../suite/result.ts';
import { type Arm, runRounds } from '../suite/rounds.ts';
import type { Scene } from '../suite/scene.ts';
import { echoArm, reserveArm } from './arms.ts';
import type { Case } from './case.ts';
import { fillSale } from './live-holds/fill-sale.ts';

const question = 'does reserving become slower when a million holds are alive, and how much of Redis does a hold take?';

/** Below so many, what Redis takes for anything else would be counted as theirs. */
const measurableHolds = 50_000;
const secondsMax = 2;

/** The experiment. */
export const liveHolds: Case = {
  ...{ name: 'live-holds', question },
  async run(scene) {
    const levels = scene.options.quick ? [1000, 20_000, 100_000] : [1000, 100_000, 1_000_000];
    const result = emptyResult({ name: 'live-holds', question });
    for (const holds of levels) {
      const { point, rules } = await measureLevel(scene, holds);
      result.liveHolds.push(point);
      result.rules.push(...rules);
    }
    const [few, many] = [result.liveHolds[0], result.liveHolds.at(-1)];
    // The promise is about a million; fewer say nothing about it.
    if (few && many?.holds === 1_000_000) {
      result.measures['speed kept'] = many.ratio.median / few.ratio.median;
      result.measures['bytes per hold'] = many.bytesPerHold ?? Number.NaN;
    }
    result.notes.push(
      'The holds are placed by the same script as in production, in calls of hundreds, past HTTP. The small sale is a new one in each round, for it would not stay small; the larger ones are filled once and grow.',
      'Speed kept compares ratios to the echo of the same rounds. Bytes are those of used_memory, buyers of 36 characters; the decision log, which is bounded, is counted apart.',
    );
    return result;
  },
};

async function measureLevel(scene: Scene, holds: number): Promise<{ point: LiveHoldsPoint; rules: Rule[] }> {
  let memory = { bytesPerHold: Number.NaN, bytesPerHoldWithLog: Number.NaN };
  const openFilled = async () => {
    const saleId = await scene.openSale({ tickets: holds + 1_000_000 });
    memory = await fillSale(scene, { saleId, holds });
    return saleId;
  };
  const echo = echoArm(scene, (buyers) => buyers.map(({ token }) => reserveRequest('live-holds', token)));
  const isLarge = holds >= measurableHolds * 2;
  const saleId = isLarge ? await openFilled() : null;
  const arm = saleId === null ? await freshEachTime(scene, openFilled) : reserveArm(scene, saleId);
  const { options } = scene;
  const { rows, rules } = await runRounds(scene, [echo, arm], {
    rounds: options.rounds,
    seconds: Math.min(secondsMax, options.seconds),
  });
  if (saleId !== null) rules.push(await conserved(scene, saleId));
  const [, reserve] = rows;
  if (!reserve) throw new Error('there is no row of the reserve');
  say(`  ${holds.toLocaleString('en-US')} live holds: ${Math.round(reserve.perSecond.median)}/s`);
  const { perSecond, ratio } = reserve;
  const bytes = holds < measurableHolds ? { bytesPerHold: null, bytesPerHoldWithLog: null } : memory;
  return { point: { holds, perSecond, ratio, ...bytes }, rules };
}

/** A small sale would not stay small: one round adds more holds than it began with. */
async function freshEachTime(scene: Scene, openFilled: () => Promise<string>): Promise<Arm> {
  let arm = reserveArm(scene, '');
  return {
    ...arm,
    async prepare(count) {
      arm = reserveArm(scene, await openFilled());
      return arm.prepare(count);
    },
    check: (fired) => arm.check(fired),
  };
}

// Question: does reserving become slower when a million holds are alive, and how much of Redis does a hold take?
import { say } from '../../scripts/say.ts';
import { reserveRequest } from '../load/request.ts';
import { emptyResult, type LiveHoldsPoint } from '../suite/result.ts';
import { type Arm, type Rounds, runRounds } from '../suite/rounds.ts';
import type { Scene } from '../suite/scene.ts';
import { median, ratiosOf } from '../suite/statistics.ts';
import { echoArm, reserveArm } from './arms.ts';
import type { Case } from './case.ts';
import { fillSale, rewriteFile } from './live-holds/fill-sale.ts';

const question = 'does reserving become slower when a million holds are alive, and how much of Redis does a hold take?';

const fewHolds = 1000;
const roundSecondsMax = 2;
/** A tenth decides here, and the speed of a machine that is shared changes by more from one round to the next. */
const settledRoundsMore = 2;

/** The experiment. */
export const liveHolds: Case = {
  ...{ name: 'live-holds', question },
  async run(scene) {
    const { options } = scene;
    const result = emptyResult({ name: 'live-holds', question });
    const [some, many] = options.quick ? [20_000, 100_000] : [100_000, 1_000_000];
    const echo = echoArm(scene, (buyers) => buyers.map(({ token }) => reserveRequest('live-holds', token)));
    const few = freshEachTime(scene);
    const seconds = Math.min(roundSecondsMax, options.seconds);
    // Whether the large sales, whose holds are there from now on, make the small one slower, too.
    const alone = await runRounds(scene, [echo, few.arm], { rounds: 1, seconds });
    const tenth = await openLarge(scene, some);
    const million = await openLarge(scene, many);
    const levels = [few, tenth, million];
    const times = { rounds: options.rounds, seconds };
    await rewriteFile(scene);
    const measured = await runRounds(scene, [echo, ...levels.map(({ arm }) => arm)], times);
    const more = await addHalf(scene, million);
    await rewriteFile(scene);
    const settledRounds = options.quick ? options.rounds : options.rounds + settledRoundsMore;
    const settled = await runRounds(scene, [echo, few.arm, more.arm], { ...times, rounds: settledRounds });
    result.rules.push(...alone.rules, ...measured.rules, ...settled.rules);
    result.liveHolds = levels.map(({ holds, arm, memory }) => ({ holds, ...rowOf(measured, arm), ...memory }));
    result.liveHolds.push({ holds: more.holds, ...rowOf(settled, more.arm), ...more.memory });

    // The promise is about a million; fewer say nothing about it.
    if (many === 1_000_000) {
      const kept = (rounds: Rounds, { arm }: Level) => {
        const [large = [], small = []] = [arm, few.arm].map(({ name }) => rounds.perSecond.get(name));
        return median(ratiosOf(large, small));
      };
      result.measures['speed kept'] = kept(settled, more);
      result.measures['bytes per hold'] = million.memory.bytesPerHold ?? Number.NaN;
      result.notes.push(
        `Speed kept is that at ${nameOf(more.holds)}. The rounds at a million, where it was ${kept(measured, million).toFixed(2)}, pass 2²⁰: there Redis doubles the tables of a sale and moves them while it serves, until as many have come again. Bytes are those at a million; right after the doubling a hold takes about 50 more.`,
      );
    }
    result.notes.push(
      `Before the large sales were filled, the thousand was at ${rowOf(alone, few.arm).ratio.median.toFixed(2)} of the echo (one round).`,
      'The holds are placed by the same script as in production, in calls of hundreds, past HTTP. The small sale is a new one in each round, for it would not stay small; the larger ones are filled once and grow. Then Redis rewrites its file, so that it does not do so during a round.',
      `Speed kept compares with the thousand of the same round, in ${settledRounds} rounds. Bytes are those of used_memory, buyers of 36 characters; the decision log, which is bounded, is counted apart.`,
    );
    return result;
  },
};

/** A number of live holds, the reserves among them, and what each of them takes of Redis. */
type Level = { holds: number; arm: Arm; memory: Memory };
/** One whose sale stays, and can be filled further. */
type LargeLevel = Level & { saleId: string };
type Memory = Pick<LiveHoldsPoint, 'bytesPerHold' | 'bytesPerHoldWithLog'>;

const unknownMemory: Memory = { bytesPerHold: null, bytesPerHoldWithLog: null };

const nameOf = (holds: number) => `${holds.toLocaleString('en-US')} live holds`;

/** The same sale with half as many holds again as it was opened with: past the doubling that the rounds before have begun. */
async function addHalf(scene: Scene, { saleId, holds }: LargeLevel): Promise<Level> {
  const { held } = await scene.engine.admin.stock(saleId);
  const wanted = holds * 1.5;
  await fillSale(scene, { saleId, holds: wanted - held, from: holds });
  say(`  ${nameOf(wanted)}, of which ${held.toLocaleString('en-US')} were there`);
  return { holds: wanted, arm: reserveArm(scene, saleId, nameOf(wanted)), memory: unknownMemory };
}

async function openFilled(scene: Scene, holds: number) {
  const saleId = await scene.openSale({ tickets: holds + 1_000_000 });
  return { saleId, memory: await fillSale(scene, { saleId, holds }) };
}

async function openLarge(scene: Scene, holds: number): Promise<LargeLevel> {
  const { saleId, memory } = await openFilled(scene, holds);
  say(`  ${nameOf(holds)}: ${Math.round(memory.bytesPerHold)} bytes each`);
  return { saleId, holds, arm: reserveArm(scene, saleId, nameOf(holds)), memory };
}

/** A small sale would not stay small: one round adds more holds than it began with. What Redis takes for it says nothing. */
function freshEachTime(scene: Scene): Level {
  const name = nameOf(fewHolds);
  let current = reserveArm(scene, '', name);
  const arm: Arm = {
    ...current,
    async prepare(count) {
      const { saleId } = await openFilled(scene, fewHolds);
      current = reserveArm(scene, saleId, name);
      return current.prepare(count);
    },
    check: (fired) => current.check(fired),
  };
  return { holds: fewHolds, arm, memory: unknownMemory };
}

function rowOf({ rows }: Rounds, { name }: Arm): Pick<LiveHoldsPoint, 'perSecond' | 'ratio'> {
  const row = rows.find((each) => each.name === name);
  if (!row) throw new Error(`there is no row of ${name}`);
  return { perSecond: row.perSecond, ratio: row.ratio };
}

// Question: when 100,000 buyers press once each for 100 tickets, are exactly 100 held, and how does that compare with the echo?
import { reserveRequest } from '../load/request.ts';
import { conserved, countAnswers, equal, seenBothSides, settle } from '../suite/books.ts';
import { emptyResult } from '../suite/result.ts';
import { type Arm, runRounds } from '../suite/rounds.ts';
import type { Scene } from '../suite/scene.ts';
import { median, ratiosOf } from '../suite/statistics.ts';
import { echoArm, enginePids } from './arms.ts';
import type { Case } from './case.ts';

const question =
  'when 100,000 buyers press once each for 100 tickets, are exactly 100 held, and how does that compare with the echo?';

const tickets = 100;
/** It is over when everybody has pressed; this only bounds it. */
const secondsMax = 60;
const roundsMax = 2;

/** The experiment. */
export const stampede: Case = {
  ...{ name: 'stampede', question },
  async run(scene) {
    const buyers = scene.options.quick ? 5000 : 100_000;
    const heldPerRound: number[] = [];
    const echo = echoArm(scene, (some) => some.map(({ token }) => reserveRequest('stampede', token)));
    const { rows, rules, fired } = await runRounds(
      scene,
      [{ ...echo, prepare: () => echo.prepare(buyers) }, crowdArm(scene, buyers, (held) => heldPerRound.push(held))],
      { rounds: Math.min(roundsMax, scene.options.rounds), seconds: secondsMax, warmUpSeconds: secondsMax },
    );
    const p99s = (name: string) => (fired.get(name) ?? []).map(({ p99Ms }) => p99Ms);
    const measures = {
      ratio: rows[1]?.ratio.median ?? Number.NaN,
      'off by': Math.max(...heldPerRound.map((held) => Math.abs(held - tickets))),
      'p99 times echo': median(ratiosOf(p99s('stampede'), p99s('echo'))),
    };
    const notes = [`${buyers.toLocaleString('en-US')} buyers a round; the p99 is that of a closed loop on both sides.`];
    return { ...emptyResult({ name: 'stampede', question }), rows, rules, measures, notes };
  },
};

/** Each round is a sale of its own. */
function crowdArm(scene: Scene, buyers: number, onHeld: (held: number) => void): Arm {
  let answersUntilNow: Awaited<ReturnType<typeof countAnswers>>;
  let saleId = '';
  return {
    ...{ name: 'stampede', kind: 'engine', baseUrl: scene.engine.baseUrl, pids: enginePids(scene), atMostPerSecond: 1 },
    async prepare() {
      saleId = await scene.openSale({ tickets });
      answersUntilNow = await countAnswers(scene, '/purchase/reserve');
      return scene.newBuyers(buyers).map(({ token }) => reserveRequest(saleId, token));
    },
    async check(fired) {
      let held = 0;
      const rules = await settle(async () => {
        const { 201: won = 0, 409: refused = 0, ...others } = await answersUntilNow();
        held = (await scene.engine.admin.stock(saleId)).held;
        return [
          equal('stampede: exactly as many won as there were tickets', won, tickets),
          equal('stampede: everybody who pressed was answered', won + refused, buyers),
          seenBothSides('stampede', fired, won + refused, scene.options.connections),
          equal('stampede: no other answer', Object.keys(others).length, 0),
          equal('stampede: holds granted = held in Redis', won, held),
          await conserved(scene, saleId),
        ];
      });
      onHeld(held);
      return rules;
    },
  };
}

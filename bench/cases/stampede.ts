// Question: when 100,000 buyers press once each for 100 tickets, are exactly 100 held, and how does that compare with the echo?
import { keptUp } from '../load/arrivals.ts';
import { atFixedRate } from '../load/fixed-rate.ts';
import { type Request, reserveRequest } from '../load/request.ts';
import { conserved, countAnswers, equal, seenBothSides, settle } from '../suite/books.ts';
import { emptyResult } from '../suite/result.ts';
import { type Arm, type Rounds, runRounds } from '../suite/rounds.ts';
import type { Buyer, Scene } from '../suite/scene.ts';
import { median, ratiosOf } from '../suite/statistics.ts';
import { echoArm, enginePids } from './arms.ts';
import type { Case } from './case.ts';

const question =
  'when 100,000 buyers press once each for 100 tickets, are exactly 100 held, and how does that compare with the echo?';

const tickets = 100;
/** It is over when everybody has pressed; this only bounds it. */
const secondsMax = 60;
const closedRoundsMax = 2;
/** A p99 jumps from round to round more than a throughput does. */
const pacedRoundsMore = 2;
/** Latency is compared at this share of the echo's throughput, the same rate for both. */
const rateShare = 0.5;

/** The experiment. */
export const stampede: Case = {
  ...{ name: 'stampede', question },
  async run(scene) {
    const { quick, rounds } = scene.options;
    const buyers = quick ? 5000 : 100_000;
    const heldPerRound: number[] = [];
    const echo = echoArm(scene, (some) => press('stampede', some));
    const arms: [Arm, Arm] = [
      { ...echo, prepare: async () => press('stampede', scene.newBuyers(buyers)) },
      crowdArm(scene, buyers, (held) => heldPerRound.push(held)),
    ];
    const times = { seconds: secondsMax, warmUpSeconds: secondsMax };
    const closed = await runRounds(scene, arms, { ...times, rounds: Math.min(closedRoundsMax, rounds) });
    const perSecond = Math.round((closed.rows[0]?.perSecond.median ?? Number.NaN) * rateShare);
    const paced = arms.map((arm) => ({ ...arm, load: atFixedRate(perSecond) }));
    const pacedRounds = quick ? rounds : rounds + pacedRoundsMore;
    const arrived = await runRounds(scene, paced, { seconds: secondsMax, warmUpSeconds: 0, rounds: pacedRounds });
    const measures = {
      ratio: closed.rows[1]?.ratio.median ?? Number.NaN,
      'off by': Math.max(...heldPerRound.map((held) => Math.abs(held - tickets))),
      'p99 times echo': median(ratiosOf(p99sOf(arrived, 'stampede'), p99sOf(arrived, 'echo'))),
    };
    const notes = [
      `${buyers.toLocaleString('en-US')} buyers a round. Throughput is that of a closed loop; the p99s compared are those at ${perSecond} a second, the same for both: ${textOfP99s(arrived)}.`,
      `In the closed loop, where the first request of a connection waits until the connection is taken, they were ${textOfP99s(closed)}.`,
      ...[...arrived.perSecond]
        .filter(([, rates]) => !rates.every((rate) => keptUp(rate, perSecond)))
        .map(([name]) => `${name} at ${perSecond} a second: it fell behind in a round.`),
    ];
    return {
      ...emptyResult({ name: 'stampede', question }),
      rows: closed.rows,
      rules: [...closed.rules, ...arrived.rules],
      measures,
      notes,
    };
  },
};

function p99sOf(rounds: Rounds, name: string): number[] {
  return (rounds.fired.get(name) ?? []).map(({ p99Ms }) => p99Ms);
}

function textOfP99s(rounds: Rounds): string {
  const ms = (name: string) => p99sOf(rounds, name).map((p99) => p99.toFixed(1));
  return rounds.rows.map(({ name }) => `${name} ${ms(name).join(', ')} ms`).join('; ');
}

/** Once each; the echo gets as many different ones, so that the load has the same memory to look after on both sides. */
function press(saleId: string, buyers: Buyer[]): Request[] {
  return buyers.map(({ token }) => reserveRequest(saleId, token));
}

/** Each round is a sale of its own. */
function crowdArm(scene: Scene, buyers: number, onHeld: (held: number) => void): Arm {
  let answersUntilNow: Awaited<ReturnType<typeof countAnswers>>;
  let saleId = '';
  return {
    ...{ name: 'stampede', kind: 'engine', baseUrl: scene.engine.baseUrl, pids: enginePids(scene), atMostPerSecond: 1 },
    async prepare() {
      saleId = await scene.openSale({ tickets });
      answersUntilNow = await countAnswers(scene, '/purchase/reserve');
      return press(saleId, scene.newBuyers(buyers));
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

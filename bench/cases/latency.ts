// Question: how long do buyers wait at 10, 25, 50 and 75 % of what the server can do at most?
import { arriveEach, keptUp } from '../load/arrivals.ts';
import { reserveRequest } from '../load/request.ts';
import { conserved, equal, settle } from '../suite/books.ts';
import { emptyResult, type LatencyPoint, type Rule } from '../suite/result.ts';
import { type Arm, fireOnce } from '../suite/rounds.ts';
import type { Scene } from '../suite/scene.ts';
import { confirmArm, echoArm, reserveArm } from './arms.ts';
import type { Case } from './case.ts';

const question = 'how long do buyers wait at 10, 25, 50 and 75 % of what the server can do at most?';

const shares = [0.1, 0.25, 0.5, 0.75];

/** The experiment. */
export const latency: Case = {
  ...{ name: 'latency', question },
  async run(scene) {
    const saleId = await scene.openSale({ tickets: 2_000_000 });
    const arms = [
      echoArm(scene, (buyers) => buyers.map(({ token }) => reserveRequest(saleId, token))),
      reserveArm(scene, saleId),
      confirmArm(scene, saleId),
    ];
    const result = emptyResult({ name: 'latency', question });
    for (const arm of arms) {
      const { points, rules, note } = await sweep(scene, arm);
      result.latency.push(...points);
      result.rules.push(...rules);
      result.notes.push(...note);
    }
    result.rules.push(...(await settle(async () => [await conserved(scene, saleId)])));
    return result;
  },
};

/** Saturation first, by the same closed loop as everywhere; then each share of it in an open loop. */
async function sweep(scene: Scene, arm: Arm): Promise<{ points: LatencyPoint[]; rules: Rule[]; note: string[] }> {
  const { seconds } = scene.options;
  await fireOnce(scene, arm, { seconds: 1, guess: arm.atMostPerSecond });
  const { fired, rules } = await fireOnce(scene, arm, { seconds: Math.min(2, seconds), guess: arm.atMostPerSecond });
  const saturation = fired.answers / fired.seconds;
  const points: LatencyPoint[] = [];
  const note: string[] = [];
  for (const share of shares) {
    const perSecond = Math.max(1, Math.round(saturation * share));
    const requests = await arm.prepare(perSecond * seconds);
    const { connections } = scene.options;
    const arrived = await arriveEach({ baseUrl: arm.baseUrl, requests, perSecond, connections });
    const { max: _max, ...percentiles } = arrived.latency;
    points.push({ name: arm.name, share, perSecond, ...percentiles });
    rules.push(
      equal(
        `${arm.name} at ${share * 100} %: every answer was 201`,
        arrived.statuses.get(201) ?? 0,
        arrived.latency.count,
      ),
    );
    if (!keptUp(arrived.perSecond, perSecond)) {
      note.push(
        `${arm.name} at ${share * 100} %: ${Math.round(arrived.perSecond)}/s were answered of ${perSecond}/s, it fell behind.`,
      );
    }
  }
  return { points, rules, note };
}

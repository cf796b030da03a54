// Question: how fast are tickets held when every request wins, and how fast is it the ways others do it?
import { Redis } from 'ioredis';
import { reserveRequest } from '../load/request.ts';
import { equal, seenBothSides, settle } from '../suite/books.ts';
import { emptyResult } from '../suite/result.ts';
import { type Arm, runRounds } from '../suite/rounds.ts';
import type { Scene } from '../suite/scene.ts';
import { echoArm, reserveArm } from './arms.ts';
import type { Case } from './case.ts';

const question = 'how fast are tickets held when every request wins, and how fast is it the ways others do it?';

const tickets = 3_000_000;
const baselines = [
  { file: 'evalsha', name: 'one EVALSHA per request', atMostPerSecond: 12_000 },
  { file: 'bullmq-jobs', name: 'one BullMQ job per hold', atMostPerSecond: 5000 },
  { file: 'redlock', name: 'lock per sale (Redlock)', atMostPerSecond: 1500 },
] as const;

/** The experiment. */
export const reserve: Case = {
  ...{ name: 'reserve', question },
  async run(scene) {
    const saleId = await scene.openSale({ tickets });
    const redis = new Redis(scene.redis.url);
    try {
      const arms = [
        echoArm(scene, (buyers) => buyers.map(({ token }) => reserveRequest(saleId, token))),
        reserveArm(scene, saleId),
      ];
      for (const baseline of baselines) arms.push(await baselineArm(scene, redis, baseline));
      const { rows, rules } = await runRounds(scene, arms);
      const ratio = rows.find(({ name }) => name === 'reserve')?.ratio.median ?? Number.NaN;
      return { ...emptyResult({ name: 'reserve', question }), rows, rules, measures: { ratio } };
    } finally {
      redis.disconnect();
    }
  },
};

/** Each baseline sells tickets of its own, in the same Redis. */
async function baselineArm(scene: Scene, redis: Redis, baseline: (typeof baselines)[number]): Promise<Arm> {
  const program = await scene.startBaseline(baseline.file);
  const saleId = `baseline-${baseline.file}`;
  const stock = await openStock(scene, saleId, tickets);
  let heldBefore = 0;
  const { name, atMostPerSecond } = baseline;
  return {
    ...{ name, kind: 'baseline', baseUrl: program.baseUrl, atMostPerSecond },
    pids: { server: program.pid, redis: scene.redis.pid },
    async prepare(count) {
      heldBefore = Number(await redis.hget(stock, 'held'));
      return scene.newBuyers(count).map(({ token }) => reserveRequest(saleId, token));
    },
    check: (fired) =>
      settle(async () => {
        const [held = 0, available = 0] = (await redis.hmget(stock, 'held', 'available')).map(Number);
        return [
          equal(`${name}: nothing was refused`, fired.refused, 0),
          seenBothSides(name, fired, held - heldBefore, scene.options.connections),
          equal(`${name}: available + held = tickets`, available + held, tickets),
        ];
      }),
  };
}

/** What a baseline sells; returns the key of its stock. */
export async function openStock(scene: Scene, saleId: string, available: number): Promise<string> {
  const redis = new Redis(scene.redis.url);
  const stock = `{${saleId}}:stock`;
  await redis.hset(stock, 'available', available, 'held', 0);
  redis.disconnect();
  return stock;
}

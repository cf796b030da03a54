import { Redis } from 'ioredis';
import { saleKeys } from '../../../src/redis/keys.ts';
import { settings } from '../../../src/settings.ts';
import { reserveRequest } from '../../load/request.ts';
import { equal, settle } from '../../suite/books.ts';
import type { Scene } from '../../suite/scene.ts';

/** The first and the last deadline that was promised, Unix milliseconds. */
export type Lapsing = { firstMs: number; lastMs: number };

const tickMs = 1000;

/**
 * Places holds that lapse together, though placing them takes longer: every second the hold time of the sale becomes a second
 * shorter, by the admin's ordinary call. So nothing is written past the engine; the deadlines are read where Redis has them. `perSecond`
 * is what surely can be placed, and `marginSeconds` what is left at least from the last hold to the deadlines. Throws when a hold was refused.
 */
export async function placeLapsing(
  scene: Scene,
  {
    saleId,
    holds,
    perSecond,
    marginSeconds,
  }: { saleId: string; holds: number; perSecond: number; marginSeconds: number },
): Promise<Lapsing> {
  const { engine, options } = scene;
  const requests = scene.newBuyers(holds).map(({ token }) => reserveRequest(saleId, token));
  const secondsMax = Math.ceil(holds / perSecond) + marginSeconds;
  const load = await scene.generator.load({
    ...{ baseUrl: engine.baseUrl, requests, connections: options.connections, seconds: secondsMax },
  });
  let ttlSeconds = secondsMax;
  await engine.calls.setHoldTtl(saleId, ttlSeconds);

  const problems: unknown[] = [];
  const shorten = setInterval(() => {
    ttlSeconds -= 1;
    engine.calls.setHoldTtl(saleId, ttlSeconds).catch((error: unknown) => problems.push(error));
  }, tickMs);
  await load.fire().finally(() => clearInterval(shorten));
  if (problems.length > 0) throw problems[0];
  const rules = await settle(async () => [
    equal('of the holds that were to lapse, held', (await engine.admin.stock(saleId)).held, holds),
  ]);
  for (const { ok, rule, numbers } of rules) if (!ok) throw new Error(`${rule}: ${numbers}`);
  return readDeadlines(scene, saleId);
}

async function readDeadlines({ redis: server }: Scene, saleId: string): Promise<Lapsing> {
  const redis = new Redis(server.url, { replyMapping: 'legacy' });
  try {
    const due = saleKeys(settings.REDIS_KEY_PREFIX.fallback, saleId)[2];
    // The first place is the sentinel's.
    const [, first] = await redis.zrange(due, '1', '1', 'WITHSCORES');
    const [, last] = await redis.zrange(due, '-1', '-1', 'WITHSCORES');
    if (first === undefined || last === undefined)
      throw new Error('the holds lapsed before it was known when they would');
    return { firstMs: Number(first), lastMs: Number(last) };
  } finally {
    redis.disconnect();
  }
}

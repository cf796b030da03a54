import { withLines } from '../../load/crowd.ts';
import { reserveRequest } from '../../load/request.ts';
import type { Scene } from '../../suite/scene.ts';

/** The first and the last deadline that was promised, Unix milliseconds. */
export type Lapsing = { firstMs: number; lastMs: number };

const tickMs = 1000;
/**
 * Places holds that lapse together, though placing them takes longer: every second the hold time of the sale becomes a second
 * shorter, by the admin's ordinary call. So nothing is written past the engine. `perSecond` is what surely can be placed, and `marginSeconds`
 * what is left at least from the last hold to the deadlines.
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
  const buyers = scene.newBuyers(holds);
  let ttlSeconds = Math.ceil(holds / perSecond) + marginSeconds;
  await engine.calls.setHoldTtl(saleId, ttlSeconds);

  const problems: unknown[] = [];
  const shorten = setInterval(() => {
    ttlSeconds -= 1;
    engine.calls.setHoldTtl(saleId, ttlSeconds).catch((error: unknown) => problems.push(error));
  }, tickMs);
  const lapsing = { firstMs: Number.POSITIVE_INFINITY, lastMs: 0 };
  let next = 0;
  try {
    await withLines({ baseUrl: engine.baseUrl, connections: options.connections }, async (line) => {
      const buyer = buyers[next++];
      if (!buyer) return false;
      const { status, body } = await line.ask(reserveRequest(saleId, buyer.token));
      if (status !== 201) throw new Error(`a hold that was to lapse was answered ${status}: ${body}`);
      const expiresAtMs = Date.parse((JSON.parse(body) as { expiresAt: string }).expiresAt);
      lapsing.firstMs = Math.min(lapsing.firstMs, expiresAtMs);
      lapsing.lastMs = Math.max(lapsing.lastMs, expiresAtMs);
      return true;
    });
  } finally {
    clearInterval(shorten);
  }
  if (problems.length > 0) throw problems[0];
  return lapsing;
}

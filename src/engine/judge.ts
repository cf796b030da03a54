import type { Order } from '../domain/order.ts';
import { readOutcomes } from '../mysql/outcomes.ts';
import { voidHold } from '../redis/void-hold.ts';
import type { Context } from './context.ts';
import { memoryOf } from './memory.ts';

/** MySQL's word on one hold: `none` while nobody has decided. */
export async function outcomeOf(
  context: Pick<Context, 'mysql'>,
  holdId: string,
): Promise<{ outcome: 'sold' | 'void' | 'none'; orderId: string | null }> {
  const row = (await readOutcomes(context.mysql.db, [holdId])).get(holdId);
  return { outcome: row?.outcome ?? 'none', orderId: row?.orderId ?? null };
}

/**
 * Tells Redis of an order, and is done when that is on its way: the order stands whatever Redis answers, so nobody waits for it. Who asks
 * by the same connection afterwards finds the hold SOLD, unless Redis is away, does not have the script or has lost the sale: if nothing
 * else does, recovery or the rebuild makes it so.
 */
export async function finish(
  context: Context,
  order: Order,
  { placedAtMs, expiresAtMs }: { placedAtMs: number; expiresAtMs: number },
): Promise<void> {
  const { saleId, holdId, buyerId, lines } = order;
  context.scripts
    .finish(saleId, { holdId, buyerId, lines, placedAtMs, expiresAtMs })
    .catch((error: unknown) => context.log.debug({ saleId, holdId, err: error }, 'a finish is left to recovery'));
  await context.scripts.finish.sent();
}

/** Gives a hold back that MySQL has decided against; a failure is left to recovery, which reads the same outcome. */
export async function giveBackVoid(context: Context, saleId: string, holdId: string): Promise<void> {
  await voidInRedis(context, saleId, holdId).catch((error: unknown) =>
    context.log.debug({ saleId, holdId, err: error }, 'giving a void hold back is left to recovery'),
  );
}

/**
 * As `giveBackVoid`, for a hold that Redis has forgotten: nobody comes back to it, so the answer waits for Redis to remember it, or
 * its key would give a hold that nobody can buy. Throws UnavailableError; a lost sale starts its rebuild, which remembers it too.
 */
export async function rememberVoid(context: Context, saleId: string, holdId: string): Promise<void> {
  await voidInRedis(context, saleId, holdId).catch(context.rebuilder.orThrow);
}

async function voidInRedis(context: Context, saleId: string, holdId: string): Promise<void> {
  await voidHold(context.redis, { saleId, holdId, options: memoryOf(context) });
  context.shortages.forget(saleId);
}

import { markSettled } from '../mysql/sale-changes.ts';
import { lockSale, type SaleRow } from '../mysql/sales.ts';
import { transact } from '../mysql/transact.ts';
import { keepDecisions } from '../redis/decisions.ts';
import { countLiveHolds } from '../redis/read-holds.ts';
import { readClock, readSale, type SaleInRedis } from '../redis/read-sale.ts';
import type { Context } from './context.ts';
import { applyNewest } from './sales.ts';

/** A sale is settled so long after its last hold must have ended. */
const SETTLE_AFTER_MS = 60_000;
/** Questions about a sale come for some days after it. */
const LOG_KEPT_MS = 7 * 86_400_000;

/**
 * Brings one sale in Redis to where MySQL says it should be: rebuilt when lost or behind in epoch, rules and capacities applied
 * when a crash came between the two stores, settled when it is over. Safe to repeat and to race. Throws UnavailableError.
 */
export async function reconcileSale(context: Context, sale: SaleRow): Promise<void> {
  const inRedis = await readSale(context.redis, sale.saleId);
  if (!inRedis?.intact || inRedis.epoch < sale.epoch) return context.rebuilder.run(sale.saleId);
  const isOld = inRedis.version < sale.version || inRedis.decisionsMax !== context.config.decisionsMax;
  if (isOld || differsInCapacity(sale, inRedis)) {
    await applyNewest(context, sale.saleId);
    // An increase that a crash has cut in two puts tickets in only now.
    return context.shortages.forget(sale.saleId);
  }
  await settle(context, sale);
}

function differsInCapacity(sale: SaleRow, inRedis: SaleInRedis): boolean {
  if (inRedis.version !== sale.version) return false;
  return sale.ticketTypes.some(
    (type) => inRedis.stock.find((row) => row.ticketTypeId === type.ticketTypeId)?.capacity !== type.capacity,
  );
}

async function settle(context: Context, sale: SaleRow): Promise<void> {
  const endedAtMs = sale.closedAtMs ?? sale.closesAtMs;
  const nowMs = await readClock(context.redis);
  const { graceMaxMs } = context.config.hold;
  if (endedAtMs === null || nowMs < endedAtMs + sale.holdTtlMs + graceMaxMs + SETTLE_AFTER_MS) return;
  if ((await countLiveHolds(context.redis, sale.saleId)) > 0) return;
  await transact(context.mysql, {}, async (trx) => {
    // Reopened meanwhile: its version has moved.
    const current = await lockSale(trx, sale.saleId);
    if (current?.version === sale.version) await markSettled(trx, sale.saleId, nowMs);
  });
  context.catalog.forget(sale.saleId);
  await keepDecisions(context.redis, sale.saleId, LOG_KEPT_MS);
}

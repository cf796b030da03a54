import { SaleLostError } from '../domain/errors.ts';
import type {
  AdminAction,
  CreateSaleOutcome,
  Sale,
  SaleSettings,
  StockRow,
  SwitchSaleOutcome,
  UpdateSaleOutcome,
} from '../domain/sale.ts';
import { markSettled, setClosed, setPaused, updateSettings } from '../mysql/sale-changes.ts';
import { findSale, insertSale, lockSale, type SaleRow } from '../mysql/sales.ts';
import type { Trx } from '../mysql/tables.ts';
import { transact } from '../mysql/transact.ts';
import { applySale } from '../redis/apply-sale.ts';
import { readSale } from '../redis/read-sale.ts';
import { type AdminResult, runAdmin } from './admin.ts';
import type { Context } from './context.ts';

/** Creates a sale in MySQL, then in Redis. When Redis is away the sale exists all the same and is installed later. */
export async function createSale(
  context: Context,
  input: AdminAction & { sale: Omit<Sale, 'paused' | 'closedAtMs' | 'createdAtMs'> },
): Promise<CreateSaleOutcome> {
  const sale: Sale = { ...input.sale, paused: false, closedAtMs: null, createdAtMs: Date.now() };
  const outcome = await runAdmin<CreateSaleOutcome>(
    context,
    { ...input, request: ['create', input.sale] },
    async (trx) => {
      if ((await insertSale(trx, sale)) === 'exists') return { outcome: { status: 'sale_exists' }, audit: null };
      const audit = { action: 'sale.create', saleId: sale.saleId, reason: null, before: null, after: sale };
      return { outcome: { status: 'created', sale }, audit };
    },
  );
  context.catalog.forget(sale.saleId);
  if (outcome.status === 'created')
    await context.rebuilder.run(sale.saleId).catch((error: unknown) => {
      context.log.warn({ saleId: sale.saleId, err: error }, 'a new sale is not in Redis yet');
    });
  return outcome;
}

/** Changes window, limits or title. Safe to repeat. Live holds keep their deadline. */
export async function updateSale(
  context: Context,
  input: AdminAction & { saleId: string; changes: Partial<SaleSettings> },
): Promise<UpdateSaleOutcome> {
  const { saleId, changes } = input;
  const outcome = await runAdmin<UpdateSaleOutcome>(
    context,
    { ...input, request: ['update', saleId, Object.entries(changes).sort(([a], [b]) => (a < b ? -1 : 1))] },
    async (trx) => {
      const before = await lockSale(trx, saleId);
      if (!before) return { outcome: { status: 'sale_not_found' }, audit: null };
      const { opensAtMs, closesAtMs } = { ...before, ...changes };
      if (closesAtMs !== null && closesAtMs <= opensAtMs) return { outcome: { status: 'invalid_window' }, audit: null };
      await updateSettings(trx, saleId, changes);
      return changed(trx, before, { action: 'sale.update', reason: null }, (sale) => ({ status: 'updated', sale }));
    },
  );
  await applyOrThrow(context, saleId, outcome.status === 'updated');
  return outcome;
}

/** Pauses, resumes or closes. Safe to repeat. New holds are refused from the answer on; live ones stay promises. */
export async function switchSale(
  context: Context,
  input: AdminAction & { saleId: string; to: 'paused' | 'resumed' | 'closed'; reason: string },
): Promise<SwitchSaleOutcome> {
  const { saleId, to, reason } = input;
  const outcome = await runAdmin<SwitchSaleOutcome>(
    context,
    { ...input, request: ['switch', saleId, to, reason] },
    async (trx) => {
      const before = await lockSale(trx, saleId);
      if (!before) return { outcome: { status: 'sale_not_found' }, audit: null };
      if (to !== 'closed' && before.closedAtMs !== null) return { outcome: { status: 'sale_closed' }, audit: null };
      if (to === 'closed') await setClosed(trx, saleId, Date.now());
      else await setPaused(trx, saleId, to === 'paused');
      return changed(trx, before, { action: `sale.${to}`, reason }, (sale) => ({ status: 'switched', sale }));
    },
  );
  await applyOrThrow(context, saleId, outcome.status === 'switched');
  return outcome;
}

async function changed<T>(
  trx: Trx,
  before: SaleRow,
  { action, reason }: { action: string; reason: string | null },
  outcomeOf: (sale: Sale) => T,
): Promise<AdminResult<T>> {
  // A sale that changes may have holds again.
  if (before.settledAtMs !== null) await markSettled(trx, before.saleId, null);
  const after = (await lockSale(trx, before.saleId)) ?? before;
  return { outcome: outcomeOf(after), audit: { action, saleId: before.saleId, reason, before, after } };
}

/**
 * Brings Redis to the sale's newest version in MySQL. Also after a replay, whose first answer may have been lost with Redis.
 * Throws UnavailableError when Redis is away: the change is saved, and the workers apply it when it returns.
 */
async function applyOrThrow(context: Context, saleId: string, isNeeded: boolean): Promise<void> {
  context.catalog.forget(saleId);
  if (isNeeded) await applyNewest(context, saleId);
}

/**
 * Brings Redis to the sale's version in MySQL, under its row lock: a decrease under way, which has withdrawn tickets that
 * MySQL does not know of yet, must not be undone by a late word. A lost sale is rebuilt, which applies it too.
 */
export async function applyNewest(context: Context, saleId: string): Promise<void> {
  try {
    await transact(context.mysql, {}, async (trx) => {
      const sale = await lockSale(trx, saleId);
      if (sale) await applySale(context.redis, { sale, decisionsMax: context.config.decisionsMax });
    });
  } catch (error) {
    if (!(error instanceof SaleLostError)) throw error;
    await context.rebuilder.run(saleId);
  }
}

/** Stock in both stores, side by side; null when there is no such sale. Throws SaleLostError. */
export async function stockOf(context: Context, saleId: string): Promise<StockRow[] | null> {
  const sale = await findSale(context.mysql.db, saleId);
  if (!sale) return null;
  const inRedis = await readSale(context.redis, saleId);
  if (!inRedis?.intact) return context.rebuilder.orThrow(new SaleLostError(saleId));
  return sale.ticketTypes.map(({ ticketTypeId, capacity: capacityInMysql }) => {
    const counts = inRedis.stock.find((row) => row.ticketTypeId === ticketTypeId);
    const { capacity = 0, available = 0, held = 0, sold = 0 } = counts ?? {};
    const soldInMysql = sale.sold[ticketTypeId] ?? 0;
    const balanced = capacity === available + held + sold && capacity === capacityInMysql && sold === soldInMysql;
    return { ticketTypeId, capacity, available, held, sold, soldInMysql, capacityInMysql, balanced };
  });
}

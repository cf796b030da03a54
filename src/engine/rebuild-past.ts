import { boughtByBuyer, bumpEpoch, type DecidedHold, readOutcomesOfSale } from '../mysql/sale-rebuild.ts';
import { lockSale, type SaleRow } from '../mysql/sales.ts';
import type { Trx } from '../mysql/tables.ts';
import { transact } from '../mysql/transact.ts';
import type { HoldRecord } from '../redis/hold-record.ts';
import { openStage, type Stage, stageBuyers, stageHolds } from '../redis/stage-sale.ts';
import { randomId } from './ids.ts';
import type { RebuildDeps } from './rebuild.ts';

const PAGE = 500;

/**
 * Bumps the epoch and stages what MySQL knows of the sale, in one transaction: outcomes as ended holds, bought tickets per
 * buyer. Null when there is no such sale. A staging whose transaction fails is never installed and lapses by itself.
 */
export function stagePast(deps: RebuildDeps, saleId: string): Promise<{ stage: Stage; sale: SaleRow } | null> {
  return transact(deps.mysql, { isolation: 'read committed' }, async (trx) => {
    if (!(await lockSale(trx, saleId))) return null;
    const epoch = await bumpEpoch(trx, saleId);
    // Read again: every commit of an older epoch has either ended before the bump or can no longer happen.
    const sale = await lockSale(trx, saleId);
    if (!sale) return null;
    const stage = await openStage(deps.redis, { saleId, epoch, attempt: randomId() });
    await stageOutcomes(deps, trx, { saleId, stage });
    await stageBought(deps, trx, { saleId, stage });
    return { stage, sale };
  });
}

async function stageOutcomes(
  deps: RebuildDeps,
  trx: Trx,
  { saleId, stage }: { saleId: string; stage: Stage },
): Promise<void> {
  for (let after: string | null = null; ; ) {
    const page: DecidedHold[] = await readOutcomesOfSale(trx, saleId, after, PAGE);
    await stageHolds(
      deps.redis,
      stage,
      page.map((decided) => endedHold(saleId, decided)),
    );
    if (page.length < PAGE) return;
    after = page.at(-1)?.holdId ?? null;
  }
}

/** A void outcome says neither buyer nor lines; the scripts know such a record. */
function endedHold(saleId: string, decided: DecidedHold): HoldRecord {
  const sold = decided.outcome === 'sold';
  return {
    holdId: decided.holdId,
    saleId,
    buyerId: sold ? decided.buyerId : '',
    status: sold ? 'sold' : 'expired',
    lines: sold ? decided.lines : [],
    placedAtMs: decided.createdAtMs,
    expiresAtMs: decided.createdAtMs,
    deadlineMs: decided.createdAtMs,
    keyed: false,
    epoch: 0,
    attempts: '',
  };
}

async function stageBought(
  deps: RebuildDeps,
  trx: Trx,
  { saleId, stage }: { saleId: string; stage: Stage },
): Promise<void> {
  for (let after: string | null = null; ; ) {
    const page: { buyerId: string; bought: number }[] = await boughtByBuyer(trx, saleId, after, PAGE);
    await stageBuyers(
      deps.redis,
      stage,
      page.map((row) => ({ buyerId: row.buyerId, held: 0, bought: row.bought, holdIds: [] })),
    );
    if (page.length < PAGE) return;
    after = page.at(-1)?.buyerId ?? null;
  }
}

import {
  type Comparison,
  calmStatus,
  type DisputedHold,
  differs,
  differsInBoth,
  type SaleAudit,
  type SaleAuditStatus,
} from '../domain/drift.ts';
import { explain } from '../domain/drift-findings.ts';
import { assert, UnavailableError } from '../domain/errors.ts';
import { booksOf } from '../mysql/books.ts';
import { transact } from '../mysql/transact.ts';
import { ownersOf } from '../redis/read-holds.ts';
import { readClock } from '../redis/read-sale.ts';
import { lookClosely } from './auditor-look.ts';
import { dispute, scan } from './auditor-scan.ts';
import type { Context } from './context.ts';
import { replayStock } from './decisions.ts';
import { sleep } from './sleep.ts';

const JUDGEMENTS_MAX = 3;
/** The newest say where this drift came from; older ones have been told of in their time. */
const GAPS_MAX = 20;

/**
 * Carries on from a first look. What differs is looked at again after a pause, under the sale's row lock: only what differs in
 * both looks in the same way is drift, and only drift is explained, each part of that within `budgetMs`. Changes nothing.
 * Throws SaleLostError, UnavailableError.
 */
export async function examine(
  context: Context,
  saleId: string,
  { first, budgetMs }: { first: Comparison; budgetMs: number },
): Promise<SaleAudit> {
  if (!differs(first)) return report(context, saleId, { status: calmStatus(first, 1), looks: 1, comparison: first });
  const startedAt = performance.now();
  const suspects = await scan(context, saleId, budgetMs);
  await sleep(Math.max(context.config.auditor.pauseMs - (performance.now() - startedAt), 0));
  const { comparison, disputed } = await judge(context, saleId, suspects.holdIds);
  if (!differsInBoth(first, comparison)) {
    return report(context, saleId, { status: calmStatus(comparison, 2), looks: 2, comparison });
  }
  const books = await transact(context.mysql, { isolation: 'repeatable read', readOnly: true }, (snapshot) =>
    booksOf(snapshot, { saleId, budgetMs }),
  );
  const owners = await ownersOf(context.redis, saleId, { holdIds: comparison.missingHoldIds, budgetMs });
  const complete = suspects.complete && books !== null;
  const findings = explain(comparison, disputed, books ?? [], { complete, owners });
  const gaps = await gapsOf(context, saleId, budgetMs);
  return report(context, saleId, { status: 'drift', looks: 2, comparison, findings, gaps, truncated: !complete });
}

/** Where counts were changed by something else than decisions; none when the log is too long to be read in time. */
async function gapsOf(context: Context, saleId: string, budgetMs: number): Promise<SaleAudit['gaps']> {
  try {
    return (await replayStock(context, saleId, budgetMs))?.gaps.slice(-GAPS_MAX) ?? [];
  } catch (error) {
    if (!(error instanceof UnavailableError)) throw error;
    context.log.debug({ saleId, err: error }, 'the decision log was not replayed for an audit');
    return [];
  }
}

/** A look and the judgement of the suspects that belongs to it: nothing was decided about them while the look was taken. */
async function judge(
  context: Context,
  saleId: string,
  holdIds: readonly string[],
): Promise<{ comparison: Comparison; disputed: DisputedHold[] }> {
  let disputed = await dispute(context, saleId, holdIds);
  for (let tries = 1; ; tries++) {
    const comparison = await lookClosely(context, saleId, { locked: true });
    assert(comparison, 'a sale vanished from MySQL', { saleId });
    const again = await dispute(context, saleId, holdIds);
    if (JSON.stringify(again) === JSON.stringify(disputed) || tries >= JUDGEMENTS_MAX) {
      return { comparison, disputed: again };
    }
    disputed = again;
  }
}

async function report(
  context: Context,
  saleId: string,
  found: { status: SaleAuditStatus; looks: number; comparison: Comparison } & Partial<SaleAudit>,
): Promise<SaleAudit> {
  return { saleId, checkedAtMs: await readClock(context.redis), findings: [], gaps: [], truncated: false, ...found };
}

import { insertVoid, readOutcomes } from '../mysql/outcomes.ts';
import type { HoldRecord } from '../redis/hold-record.ts';
import { listOrphans } from '../redis/list-orphans.ts';
import type { Context } from './context.ts';
import { giveBackVoid } from './judge.ts';

/** An orphan that cannot be decided yet is looked at again after so long. */
const AGAIN_MS = 1000;
const ORPHANS_MAX = 100;

/**
 * Decides the confirms of a sale whose lease is over, by MySQL's word: an order finishes the hold, a void gives it back,
 * and where there is neither, a passed deadline makes a void. One whose deadline is ahead is left to its buyer's repeat, so no
 * valid token ever meets a void of recovery's making. Safe to repeat and to race. Throws UnavailableError.
 */
export async function recoverSale(context: Context, saleId: string): Promise<number> {
  let decided = 0;
  for (;;) {
    // Those that are listed come again only after a while, so a full page means that there are others.
    const { nowMs, holds } = await listOrphans(context.redis, {
      saleId,
      holdsMax: ORPHANS_MAX,
      againMs: AGAIN_MS,
    }).catch(context.rebuilder.orThrow);
    if (holds.length > 0) decided += await decide(context, { nowMs, holds });
    if (holds.length < ORPHANS_MAX) return decided;
  }
}

async function decide(context: Context, { nowMs, holds }: { nowMs: number; holds: HoldRecord[] }): Promise<number> {
  const outcomes = await readOutcomes(
    context.mysql.db,
    holds.map((hold) => hold.holdId),
  );
  let decided = 0;
  for (const hold of holds) {
    const known = outcomes.get(hold.holdId)?.outcome;
    const outcome = known ?? (hold.deadlineMs <= nowMs ? await decideAgainst(context, hold) : 'undecided');
    if (outcome === 'sold') await context.scripts.finish(hold.saleId, hold);
    if (outcome === 'void') await giveBackVoid(context, hold.saleId, hold.holdId);
    if (outcome === 'sold' || outcome === 'void') decided += 1;
  }
  return decided;
}

/** Whoever writes first decides: a confirm that was faster is read and obeyed. Only in the epoch that the orphan is of. */
async function decideAgainst(
  context: Context,
  { holdId, saleId, epoch }: HoldRecord,
): Promise<'sold' | 'void' | 'fenced'> {
  const { outcome } = await insertVoid(context.mysql, { holdId, saleId, epoch });
  if (outcome === 'void') context.log.info({ saleId, holdId }, 'an orphaned confirm lapsed without an order');
  return outcome;
}

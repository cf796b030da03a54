import { UnavailableError } from '../domain/errors.ts';
import type { AdminAction, ResyncOutcome, ResyncRow } from '../domain/sale.ts';
import { readOutcomes } from '../mysql/outcomes.ts';
import { soldAndCapacity } from '../mysql/sale-rebuild.ts';
import { lockSale } from '../mysql/sales.ts';
import type { Trx } from '../mysql/tables.ts';
import { transact } from '../mysql/transact.ts';
import { freezeConfirms } from '../redis/freeze-confirms.ts';
import { confirmingIds } from '../redis/read-holds.ts';
import { type ResyncReply, resyncSale } from '../redis/resync-sale.ts';
import { runAdmin } from './admin.ts';
import type { Context } from './context.ts';
import { randomId } from './ids.ts';

type ResyncInput = { saleId: string; dryRun: boolean; reason: string };

/** Begins wait for so long at most while a resync counts. */
const FREEZE_MS = 250;
const TRIES_MAX = 8;
const OUTCOMES_PAGE = 1000;
/** Above so many live holds, counting them again in one script would hold Redis up for too long. */
const RECOUNT_MAX = 5000;

/**
 * Sets Redis right from MySQL and the live holds, in mid-sale. Safe to repeat. Throws UnavailableError when a store is away
 * or the sale is lost (it is then rebuilt, which sets it right as well).
 */
export function resync(context: Context, input: AdminAction & ResyncInput): Promise<ResyncOutcome> {
  return context.resyncTurns.run(() => resyncNow(context, input));
}

async function resyncNow(context: Context, input: AdminAction & ResyncInput): Promise<ResyncOutcome> {
  const { saleId, dryRun, reason } = input;
  return runAdmin<ResyncOutcome>(context, { ...input, request: ['resync', saleId, dryRun, reason] }, async (trx) => {
    if (!(await lockSale(trx, saleId))) return { outcome: { status: 'sale_not_found' }, audit: null };
    const ticketTypes = await resyncLocked(context, { saleId, dryRun });
    if (!ticketTypes) return { outcome: { status: 'resync_conflict' }, audit: null };
    const counts = (when: 'before' | 'after') =>
      ticketTypes.map((row) => ({ ticketTypeId: row.ticketTypeId, ...row[when] }));
    return {
      outcome: { status: 'resynced', applied: !dryRun, ticketTypes },
      audit: {
        action: dryRun ? 'sale.resync.dry-run' : 'sale.resync',
        saleId,
        reason,
        before: counts('before'),
        after: counts('after'),
      },
    };
  });
}

/**
 * The counting of a resync, for whoever has the sale's row lock already: counts until no confirm finished meanwhile; null when
 * that never came to be. Takes a second connection, so it belongs into the turns of `resyncTurns`.
 */
export async function resyncLocked(
  context: Context,
  { saleId, dryRun }: { saleId: string; dryRun: boolean },
): Promise<ResyncRow[] | null> {
  try {
    for (let attempt = 0; attempt < TRIES_MAX; attempt++) {
      // The counter is read before the snapshot is taken: a finish in between shows as a changed counter.
      const { epoch, finishes } = await freezeConfirms(context.redis, { saleId, freezeMs: FREEZE_MS });
      const reply = await transact(context.mysql, { isolation: 'repeatable read', readOnly: true }, (snapshot) =>
        countOnce(context, snapshot, { saleId, epoch, finishes, apply: !dryRun }),
      );
      if (reply.status === 'ok') {
        return reply.ticketTypes.map((row) => ({ ...row, drift: row.after.available - row.before.available }));
      }
    }
    return null;
  } catch (error) {
    return context.rebuilder.orThrow(error);
  } finally {
    await freezeConfirms(context.redis, { saleId, freezeMs: 0 }).catch(() =>
      context.log.debug({ saleId }, 'the freeze of a resync will lapse by itself'),
    );
  }
}

async function countOnce(
  context: Context,
  snapshot: Trx,
  { saleId, epoch, finishes, apply }: { saleId: string; epoch: number; finishes: number; apply: boolean },
): Promise<ResyncReply> {
  // The first read makes the snapshot; the ids are read after it and looked up in it.
  const ticketTypes = await soldAndCapacity(snapshot, saleId);
  const ids = await confirmingIds(context.redis, saleId);
  const committedHoldIds: string[] = [];
  for (let at = 0; at < ids.length; at += OUTCOMES_PAGE) {
    const outcomes = await readOutcomes(snapshot, ids.slice(at, at + OUTCOMES_PAGE));
    for (const [holdId, { outcome }] of outcomes) if (outcome === 'sold') committedHoldIds.push(holdId);
  }
  return resyncSale(context.redis, {
    saleId,
    epoch,
    finishes,
    apply,
    recountMax: RECOUNT_MAX,
    ticketTypes,
    committedHoldIds,
  });
}

/** A resync that the engine itself asks for, in its own name; a failure is logged, the next proof of drift asks again. */
export function resyncInBackground(context: Context, saleId: string, reason: string): void {
  const input = { actorId: 'onsale', requestId: randomId(), saleId, dryRun: false, reason };
  context.resyncTurns
    .runOnce(saleId, () => resyncNow(context, input))
    .catch((error: unknown) => {
      const level = error instanceof UnavailableError ? 'warn' : 'error';
      context.log[level]({ saleId, err: error }, 'a resync that the engine asked for failed');
    });
}

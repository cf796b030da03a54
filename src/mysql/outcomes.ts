import { type Kysely, sql } from 'kysely';
import { UnavailableError } from '../domain/errors.ts';
import type { Mysql } from './connection.ts';
import { isDuplicate, isLockConflict } from './errors.ts';
import type { Tables, Trx } from './tables.ts';
import { transact } from './transact.ts';

/** What MySQL decided about a hold, for ever; `orderId` is there when it was sold. */
export type HoldOutcome = { outcome: 'sold' | 'void'; orderId: string | null; saleId: string; createdAtMs: number };

// Recovery asks for many holds in turn, and comes again: none of them may keep the others waiting for long.
const voidTriesMax = 2;

/** Reads the outcomes of these holds; a hold without one is missing from the map. Safe to retry. */
export async function readOutcomes(db: Kysely<Tables>, holdIds: readonly string[]): Promise<Map<string, HoldOutcome>> {
  if (holdIds.length === 0) return new Map();
  const rows = await db
    .selectFrom('hold_outcomes')
    .select(['hold_id', 'sale_id', 'outcome', 'order_id', 'created_at_ms'])
    .where('hold_id', 'in', [...holdIds])
    .execute();
  return new Map(
    rows.map((row) => [
      row.hold_id,
      { outcome: row.outcome, orderId: row.order_id, saleId: row.sale_id, createdAtMs: row.created_at_ms },
    ]),
  );
}

/**
 * Decides that this hold will never be sold, unless it was: then says by which order. With an `epoch` it decides only while the
 * sale is of that epoch: after a rebuild the same id may be a new promise, and `fenced` says that nothing was decided. A commit
 * under way is waited for, as long as the session waits for locks. Safe to retry. Throws UnavailableError,
 * CommitUnknownError when it may be void.
 */
export async function insertVoid(
  mysql: Mysql,
  hold: { holdId: string; saleId: string; epoch?: number },
): Promise<{ outcome: 'void' } | { outcome: 'fenced' } | { outcome: 'sold'; orderId: string }> {
  const row = { hold_id: hold.holdId, sale_id: hold.saleId, outcome: 'void' as const, order_id: null };
  for (let tries = 1; ; tries += 1) {
    try {
      return await transact(mysql, {}, async (trx) => {
        if (hold.epoch !== undefined && (await sharedEpoch(trx, hold.saleId)) !== hold.epoch)
          return { outcome: 'fenced' };
        await trx
          .insertInto('hold_outcomes')
          .values({ ...row, created_at_ms: Date.now() })
          .execute();
        return { outcome: 'void' };
      });
    } catch (error) {
      if (isDuplicate(error)) {
        const known = (await readOutcomes(mysql.db, [hold.holdId])).get(hold.holdId);
        if (known?.outcome === 'void') return { outcome: 'void' };
        if (known?.orderId) return { outcome: 'sold', orderId: known.orderId };
        // Who wrote it rolled back in between: the hold is undecided again.
        if (tries >= voidTriesMax) throw new UnavailableError('the outcome of a hold is contended', { cause: error });
      } else if (!isLockConflict(error) || tries >= voidTriesMax) throw error;
    }
  }
}

/** The sale's epoch, which cannot move until this transaction ends: a rebuild waits for its row. */
async function sharedEpoch(trx: Trx, saleId: string): Promise<number | undefined> {
  const { rows } = await sql<{
    epoch: number;
  }>`SELECT epoch FROM sales WHERE id = ${saleId} LOCK IN SHARE MODE`.execute(trx);
  return rows[0]?.epoch;
}

import { type Kysely, sql } from 'kysely';
import { assert } from '../domain/errors.ts';
import { fromJson, toBytes, toJson } from './codec.ts';
import { isDuplicate } from './errors.ts';
import type { Tables, Trx } from './tables.ts';

export type AdminRequest = { actorId: string; key: string; requestHash: string };

const rememberedMs = 24 * 3_600_000;

/**
 * Says whether this Idempotency-Key of this actor was answered before; call it first in the transaction that does the
 * work. Of two at once the second waits for the first, and throws UnavailableError when that takes too long. `new` must
 * be followed by `finishAdminRequest` in the same transaction, or by its rollback.
 */
export async function beginAdminRequest(
  trx: Trx,
  { actorId, key, requestHash }: AdminRequest,
): Promise<{ status: 'new' } | { status: 'replay'; response: unknown } | { status: 'mismatch' }> {
  const id = { actor_id: toBytes(actorId), idempotency_key: toBytes(key) };
  const fresh = { request_hash: requestHash, response: null, created_at_ms: Date.now() };
  try {
    await trx
      .insertInto('admin_requests')
      .values({ ...id, ...fresh })
      .execute();
    return { status: 'new' };
  } catch (error) {
    if (!isDuplicate(error)) throw error;
  }
  // A locking read, because under REPEATABLE READ a plain one may not see the row that was in our way.
  const row = await trx
    .selectFrom('admin_requests')
    .selectAll()
    .where('actor_id', '=', id.actor_id)
    .where('idempotency_key', '=', id.idempotency_key)
    .modifyEnd(sql`lock in share mode`)
    .executeTakeFirst();
  assert(row, 'the answer to an admin request has vanished', { actorId });
  if (row.response !== null && row.created_at_ms > fresh.created_at_ms - rememberedMs) {
    if (row.request_hash !== requestHash) return { status: 'mismatch' };
    return { status: 'replay', response: fromJson(row.response) };
  }
  // Too old, or never answered: as good as new.
  await trx
    .updateTable('admin_requests')
    .set(fresh)
    .where('actor_id', '=', id.actor_id)
    .where('idempotency_key', '=', id.idempotency_key)
    .execute();
  return { status: 'new' };
}

/** Remembers the answer for 24 hours, from the commit of this transaction on. */
export async function finishAdminRequest(
  trx: Trx,
  { actorId, key }: Pick<AdminRequest, 'actorId' | 'key'>,
  response: unknown,
): Promise<void> {
  await trx
    .updateTable('admin_requests')
    .set({ response: toJson(response) })
    .where('actor_id', '=', toBytes(actorId))
    .where('idempotency_key', '=', toBytes(key))
    .execute();
}

/** Deletes up to `limit` answers older than 24 hours and says how many. Safe to retry. */
export async function forgetAdminRequests(db: Kysely<Tables>, nowMs: number, limit: number): Promise<number> {
  const result = await db
    .deleteFrom('admin_requests')
    .where('created_at_ms', '<=', nowMs - rememberedMs)
    .limit(limit)
    .executeTakeFirst();
  return Number(result.numDeletedRows);
}

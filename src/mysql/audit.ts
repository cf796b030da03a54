import type { Kysely } from 'kysely';
import type { AuditEntry } from '../domain/audit.ts';
import type { Page } from '../domain/order.ts';
import { fromBytes, fromJson, toBytes, toJson } from './codec.ts';
import { decodeCursor, toPage } from './cursor.ts';
import type { Tables, Trx } from './tables.ts';

/** Writes one row of the audit in the transaction of what it tells; returns its id. */
export async function insertAudit(trx: Trx, entry: Omit<AuditEntry, 'auditId'>): Promise<string> {
  const result = await trx
    .insertInto('admin_audit')
    .values({
      actor_id: toBytes(entry.actorId),
      action: entry.action,
      sale_id: entry.saleId,
      reason: entry.reason,
      before_json: toJson(entry.before),
      after_json: toJson(entry.after),
      request_id: entry.requestId,
      created_at_ms: entry.createdAtMs,
    })
    .executeTakeFirst();
  return String(result.insertId);
}

/** The audit of one sale or of all, newest first; throws RequestError for a malformed cursor. Safe to retry. */
export async function listAudit(
  db: Kysely<Tables>,
  input: { saleId?: string | undefined; limit: number; cursor?: string | undefined },
): Promise<Page<AuditEntry>> {
  let query = db
    .selectFrom('admin_audit')
    .selectAll()
    .orderBy('id', 'desc')
    .limit(input.limit + 1);
  if (input.saleId !== undefined) query = query.where('sale_id', '=', input.saleId);
  if (input.cursor !== undefined) query = query.where('id', '<', Number(decodeCursor(input.cursor, ['number'])[0]));

  const page = toPage(await query.execute(), input.limit, (row) => [row.id]);
  return {
    nextCursor: page.nextCursor,
    items: page.items.map((row) => ({
      auditId: String(row.id),
      actorId: fromBytes(row.actor_id),
      action: row.action,
      saleId: row.sale_id,
      reason: row.reason,
      before: fromJson(row.before_json),
      after: fromJson(row.after_json),
      requestId: row.request_id,
      createdAtMs: row.created_at_ms,
    })),
  };
}

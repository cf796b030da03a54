import { createHash } from 'node:crypto';
import type { AuditEntry } from '../domain/audit.ts';
import { RequestError } from '../domain/errors.ts';
import type { AdminAction } from '../domain/sale.ts';
import { beginAdminRequest, finishAdminRequest } from '../mysql/admin-requests.ts';
import { insertAudit } from '../mysql/audit.ts';
import { isLockConflict } from '../mysql/errors.ts';
import type { Trx } from '../mysql/tables.ts';
import { transact } from '../mysql/transact.ts';
import type { Context } from './context.ts';

/** What an admin operation decided: an outcome, and the audit row when something was changed or looked into. */
export type AdminResult<T> = {
  outcome: T;
  audit: Pick<AuditEntry, 'action' | 'saleId' | 'reason' | 'before' | 'after'> | null;
};

/** Carries an outcome out of a transaction that must leave nothing behind. */
class NothingDone<T> extends Error {
  constructor(readonly outcome: T) {
    super('nothing was done');
  }
}

/**
 * Runs an admin operation in one transaction with its audit row and its Idempotency-Key. An operation without an audit row
 * has changed nothing: it is rolled back and not remembered. Throws RequestError `idempotency_mismatch` when the key was
 * used for another request.
 */
export async function runAdmin<T>(
  context: Pick<Context, 'mysql'>,
  input: AdminAction & { request: unknown },
  work: (trx: Trx) => Promise<AdminResult<T>>,
): Promise<T> {
  try {
    return await transactAgain(context, async (trx) => {
      const { actorId, requestId, idempotencyKey: key } = input;
      if (key !== undefined) {
        const begun = await beginAdminRequest(trx, { actorId, key, requestHash: hashOf(input.request) });
        if (begun.status === 'replay') throw new NothingDone(begun.response as T);
        if (begun.status === 'mismatch') {
          throw new RequestError('idempotency_mismatch', 'this Idempotency-Key was used for another request');
        }
      }
      const { outcome, audit } = await work(trx);
      if (!audit) throw new NothingDone(outcome);
      await insertAudit(trx, { ...audit, actorId, requestId, createdAtMs: Date.now() });
      if (key !== undefined) await finishAdminRequest(trx, { actorId, key }, outcome);
      return outcome;
    });
  } catch (error) {
    if (error instanceof NothingDone) return error.outcome as T;
    throw error;
  }
}

/** Once more after a deadlock or a lock that was not had in time: nothing was written then, and mostly it was a neighbour. */
async function transactAgain<T>(context: Pick<Context, 'mysql'>, work: (trx: Trx) => Promise<T>): Promise<T> {
  try {
    return await transact(context.mysql, {}, work);
  } catch (error) {
    if (!isLockConflict(error)) throw error;
    return transact(context.mysql, {}, work);
  }
}

function hashOf(request: unknown): string {
  return createHash('sha256').update(JSON.stringify(request)).digest('hex');
}

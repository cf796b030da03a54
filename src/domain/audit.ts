/** One row of the admin audit: who did what to which sale, when, why, and what changed. */
export type AuditEntry = {
  auditId: string;
  actorId: string;
  action: string;
  saleId: string | null;
  reason: string | null;
  before: unknown;
  after: unknown;
  requestId: string;
  createdAtMs: number;
};

/** What `/health` tells of one store; `latencyMs` is null when it did not answer. */
export type StoreHealth = {
  status: 'up' | 'down';
  latencyMs: number | null;
  version: string | null;
  error: string | null;
};
export type Health = { status: 'ok' | 'degraded'; redis: StoreHealth; mysql: StoreHealth };

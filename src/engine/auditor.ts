import { type Comparison, calmStatus, differs, type SaleAudit, signatureOf } from '../domain/drift.ts';
import { SaleLostError, UnavailableError } from '../domain/errors.ts';
import { claimAudits } from '../redis/glance-sales.ts';
import { examine } from './auditor-examine.ts';
import { glance, lookClosely } from './auditor-look.ts';
import { repair, wordsOf } from './auditor-repair.ts';
import { createStanding, type Standing } from './auditor-standing.ts';
import type { Context } from './context.ts';

/** Compares Redis and MySQL while sales go on. */
export type Auditor = {
  /** One sale on demand: changes nothing. Null when there is no such sale. Throws SaleLostError, UnavailableError. */
  audit(saleId: string): Promise<SaleAudit | null>;
  /** One round over all sales that are audited, with repairs. Safe to repeat and to race. Throws UnavailableError. */
  round(saleIds: readonly string[]): Promise<void>;
};

/** A round may take its time to explain a large sale; an admin who waits for an answer may not. */
const BUDGET_MS = 30_000;
const BUDGET_ON_DEMAND_MS = 1000;
/** So many sales are claimed and glanced at in one round trip to each store. */
const CHUNK = 100;
/** Sales that need a close look in one round are looked at so many at a time: each takes one connection to MySQL. */
const AT_ONCE = 3;

/** Makes the auditor of this process; what it found and could not mend, it remembers. */
export function createAuditor(context: Context): Auditor {
  const standing = createStanding(context.metrics);
  const underWay = new Map<string, Promise<SaleAudit | null>>();
  const share = (saleId: string) => {
    const audit = auditOne(context, saleId).finally(() => underWay.delete(saleId));
    underWay.set(saleId, audit);
    return audit;
  };
  return {
    // Those who ask while an audit is under way get its answer: each takes connections and a second.
    audit: (saleId) => (underWay.get(saleId) ?? share(saleId)).catch(context.rebuilder.orThrow),
    round: (saleIds) => round(context, standing, saleIds),
  };
}

async function auditOne(context: Context, saleId: string): Promise<SaleAudit | null> {
  const first = await lookClosely(context, saleId, { locked: false });
  return first && examine(context, saleId, { first, budgetMs: BUDGET_ON_DEMAND_MS });
}

async function round(context: Context, standing: Standing, saleIds: readonly string[]): Promise<void> {
  const stop = context.metrics.auditSeconds.startTimer();
  standing.keepOnly(new Set(saleIds));
  for (let at = 0; at < saleIds.length; at += CHUNK) {
    await roundOf(context, standing, saleIds.slice(at, at + CHUNK));
  }
  stop();
}

async function roundOf(context: Context, standing: Standing, saleIds: readonly string[]): Promise<void> {
  const { metrics, config } = context;
  // A little less than a round, so that whoever was first is not late for its own next one.
  const claimed = await claimAudits(context.redis, saleIds, Math.max(Math.floor(config.auditor.everyMs * 0.9), 1));
  const doubtful = await glance(context, claimed);
  const isDoubtful = new Set(doubtful);
  const waiting = doubtful.values();
  const lane = async () => {
    for (const saleId of waiting) {
      const status = await auditAndMend(context, standing, saleId).catch((error: unknown) =>
        failed(context, standing, { saleId, error }),
      );
      metrics.audits.inc({ status });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  const isClaimed = new Set(claimed);
  for (const saleId of saleIds) {
    if (!isClaimed.has(saleId)) standing.leave(saleId);
    else if (!isDoubtful.has(saleId)) standing.forget(saleId);
  }
  metrics.audits.inc({ status: 'balanced' }, claimed.length - doubtful.length);
}

type Status = SaleAudit['status'] | 'not_counted' | 'lost' | 'unavailable' | 'failed';

/** A sale that could not be compared is no reason to leave the others alone; the metric says how many there were. */
function failed(context: Context, standing: Standing, { saleId, error }: { saleId: string; error: unknown }): Status {
  if (error instanceof SaleLostError) return 'lost';
  const isAway = error instanceof UnavailableError;
  context.log[isAway ? 'debug' : 'error']({ saleId, err: error }, 'a sale could not be audited');
  standing.postpone(saleId);
  return isAway ? 'unavailable' : 'failed';
}

async function auditAndMend(context: Context, standing: Standing, saleId: string): Promise<Status> {
  const first = await lookClosely(context, saleId, { locked: false });
  if (!first || !differs(first)) {
    standing.forget(saleId);
    return first ? calm(first) : 'balanced';
  }
  if (standing.rests(saleId, signatureOf(first))) return 'drift';
  const audit = await examine(context, saleId, { first, budgetMs: BUDGET_MS });
  if (audit.status !== 'drift') {
    standing.forget(saleId);
    return audit.status;
  }
  const isNew = standing.note(audit) === 'new';
  if (isNew) context.log.warn({ saleId, found: wordsOf(audit.findings) }, 'Redis and MySQL disagree');
  const isSafe = audit.findings.some((finding) => finding.safeToRepair);
  const left = isSafe ? await mend(context, audit) : signatureOf(audit.comparison);
  if (left === '') {
    standing.forget(saleId);
    return 'drift';
  }
  // Part of it may have been mended, and the rest is for the next round; the same drift again rests for longer each time.
  standing.postpone(saleId);
  const isStuck = left === signatureOf(audit.comparison);
  if (isNew && isStuck)
    context.log.error({ saleId, found: wordsOf(audit.findings) }, 'drift that the auditor cannot mend');
  return 'drift';
}

/** Repairs, and says by its signature what differs after that. */
async function mend(context: Context, audit: SaleAudit): Promise<string> {
  const { saleId } = audit;
  const repaired = await repair(context, audit);
  for (const [kind, count] of Object.entries(repaired)) context.metrics.driftRepairs.inc({ kind }, count);
  const after = await lookClosely(context, saleId, { locked: true });
  const left = after === null ? '' : signatureOf(after);
  context.log.warn(
    { saleId, repaired, left, found: wordsOf(audit.findings) },
    left === '' ? 'drift was mended' : 'drift was not mended in full',
  );
  return left;
}

/** Too many live holds to add them up is said aloud: such a sale is not simply balanced. */
function calm(comparison: Comparison): Status {
  const status = calmStatus(comparison, 1);
  const isCounted = comparison.ticketTypes.every((type) => type.live !== null);
  return status === 'balanced' && !isCounted ? 'not_counted' : status;
}

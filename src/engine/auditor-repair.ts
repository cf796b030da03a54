import type { Finding, FindingKind, SaleAudit } from '../domain/drift.ts';
import type { ResyncRow, TicketTypeStock } from '../domain/sale.ts';
import { orderByHold } from '../mysql/orders.ts';
import { lockSale } from '../mysql/sales.ts';
import { dropMissingHold } from '../redis/drop-missing-hold.ts';
import { indexesOf } from '../redis/read-holds.ts';
import { readSale } from '../redis/read-sale.ts';
import { voidHold } from '../redis/void-hold.ts';
import { runAdmin } from './admin.ts';
import type { Context } from './context.ts';
import { randomId } from './ids.ts';
import { memoryOf } from './memory.ts';
import { resyncLocked } from './resync.ts';

/** What a repair did. All zero: somebody else was first, or the sale had moved on. */
export type Repaired = { drop: number; finish: number; give_back: number; resync: number };

const BY_RESYNC: readonly FindingKind[] = [
  'hold_missing',
  'counted_not_held',
  'held_not_counted',
  'capacity_differs',
  'available_differs',
  'sold_differs',
  'unexplained',
];
/** As long as the column of the audit is. */
const REASON_MAX = 1000;
/** The row of the sale is locked meanwhile; what is left, the next round drops. */
const DROPS_MAX = 100;
/** A row of the audit is for people. */
const FINDINGS_MAX = 100;

/**
 * Mends what is safe, under the sale's row lock and with one audit row in the engine's own name: orders are finished, voids given
 * back, and counts set right by the resync that admins have. Every step may be repeated and changes nothing the second time; a
 * repair that changed nothing leaves no row. Throws SaleLostError, UnavailableError.
 */
export function repair(context: Context, audit: SaleAudit): Promise<Repaired> {
  const { saleId } = audit;
  const findings = audit.findings.filter((finding) => finding.safeToRepair);
  const input = { actorId: 'onsale', requestId: randomId(), request: ['audit', saleId] };
  return context.resyncTurns.run(() =>
    runAdmin<Repaired>(context, input, async (trx) => {
      const before = (await lockSale(trx, saleId)) && (await readSale(context.redis, saleId));
      if (!before?.intact) return { outcome: { drop: 0, finish: 0, give_back: 0, resync: 0 }, audit: null };
      const repaired = await mend(context, saleId, findings);
      context.shortages.forget(saleId);
      if (Object.values(repaired).every((count) => count === 0)) return { outcome: repaired, audit: null };
      const after = (await readSale(context.redis, saleId))?.stock ?? [];
      const reason = `auditor: ${wordsOf(audit.findings)}`.slice(0, REASON_MAX);
      return {
        outcome: repaired,
        audit: {
          action: 'sale.audit.repair',
          saleId,
          reason,
          before: { ticketTypes: before.stock, findings: audit.findings.slice(0, FINDINGS_MAX) },
          after: { ticketTypes: after, repaired },
        },
      };
    }).catch(context.rebuilder.orThrow),
  );
}

/** In this order: a finish counts for its buyer what a missing hold no longer does, and the resync sees where everything went. */
async function mend(context: Context, saleId: string, findings: readonly Finding[]): Promise<Repaired> {
  const drop = await dropAll(context, saleId, findings);
  const finish = await finishAll(context, saleId, holdsOf(findings, 'committed_not_finished'));
  const giveBack = await giveBackAll(context, saleId, holdsOf(findings, 'void_but_live'));
  const needsResync = findings.some((finding) => BY_RESYNC.includes(finding.kind));
  return { drop, finish, give_back: giveBack, resync: needsResync ? await setCounts(context, saleId) : 0 };
}

async function dropAll(context: Context, saleId: string, findings: readonly Finding[]): Promise<number> {
  const missing = holdsOf(findings, 'hold_missing').slice(0, DROPS_MAX);
  const indexed = await indexesOf(context.redis, saleId, missing);
  let dropped = 0;
  for (const holdId of missing) {
    const buyerId = findings.find((finding) => finding.holdId === holdId)?.buyerId ?? null;
    const reply = await dropMissingHold(context.redis, { saleId, holdId, buyerId });
    const index = indexed.get(holdId);
    if (reply === 'dropped' && (index?.isDue || index?.leaseMs != null)) dropped += 1;
  }
  return dropped;
}

async function finishAll(context: Context, saleId: string, holdIds: readonly string[]): Promise<number> {
  let finished = 0;
  for (const holdId of holdIds) {
    const order = await orderByHold(context.mysql.db, holdId);
    if (!order) continue;
    const { buyerId, lines, createdAtMs } = order;
    const times = { placedAtMs: createdAtMs, expiresAtMs: createdAtMs };
    const reply = await context.scripts.finish(saleId, { holdId, buyerId, lines, ...times });
    if (reply !== 'already') finished += 1;
  }
  return finished;
}

async function giveBackAll(context: Context, saleId: string, holdIds: readonly string[]): Promise<number> {
  let givenBack = 0;
  for (const holdId of holdIds) {
    const reply = await voidHold(context.redis, { saleId, holdId, options: memoryOf(context) });
    if (reply === 'given_back') givenBack += 1;
  }
  return givenBack;
}

/** Counts from MySQL and the live holds; 1 when that changed anything. */
async function setCounts(context: Context, saleId: string): Promise<number> {
  const before = (await readSale(context.redis, saleId))?.stock ?? [];
  const rows = await resyncLocked(context, { saleId, dryRun: false });
  const after = (await readSale(context.redis, saleId))?.stock ?? [];
  return rows && (rows.some(isChanged) || capacitiesOf(before) !== capacitiesOf(after)) ? 1 : 0;
}

function isChanged({ before, after }: ResyncRow): boolean {
  return before.available !== after.available || before.held !== after.held || before.sold !== after.sold;
}

/** Capacities move under the row lock only, which is ours. */
function capacitiesOf(stock: readonly TicketTypeStock[]): string {
  return stock.map(({ ticketTypeId, capacity }) => `${ticketTypeId}:${capacity}`).join();
}

function holdsOf(findings: readonly Finding[], kind: FindingKind): string[] {
  return [...new Set(findings.flatMap((finding) => (finding.kind === kind ? (finding.holdId ?? []) : [])))];
}

/** The findings for a person who reads the audit. */
export function wordsOf(findings: readonly Finding[]): string {
  return findings
    .map(({ kind, units, ticketTypeId, holdId }) => {
      const where = [units ?? '?', ticketTypeId ?? '?', ...(holdId === null ? [] : [`hold ${holdId}`])];
      return `${kind} ${where.join(' ')}`;
    })
    .join(', ');
}

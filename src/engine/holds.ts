import { malformedCursor } from '../domain/errors.ts';
import type { AdminHold, Hold, HoldStatus, OwnHold, OwnHoldOutcome, ReleaseOutcome } from '../domain/hold.ts';
import type { Page } from '../domain/order.ts';
import type { AdminAction } from '../domain/sale.ts';
import { orderByHold } from '../mysql/orders.ts';
import { readOutcomes } from '../mysql/outcomes.ts';
import type { HoldRecord } from '../redis/hold-record.ts';
import { findHold, holdsOfBuyer, scanHolds } from '../redis/read-holds.ts';
import { readClock } from '../redis/read-sale.ts';
import { runAdmin } from './admin.ts';
import type { Context } from './context.ts';
import { releaseById } from './release.ts';
import { heldTicket } from './reserve.ts';

/** The buyer's live holds with their tokens, so that a reloaded page finds them. Throws UnavailableError. */
export async function listOwnHolds(
  context: Context,
  { buyerId, saleId }: { buyerId: string; saleId?: string | undefined },
): Promise<{ items: OwnHold[]; serverTimeMs: number }> {
  const sales = await context.catalog.unsettled();
  const saleIds = sales.map((sale) => sale.saleId).filter((id) => saleId === undefined || id === saleId);
  const [records, serverTimeMs] = await Promise.all([
    holdsOfBuyer(context.redis, saleIds, buyerId).catch(context.rebuilder.orThrow),
    readClock(context.redis),
  ]);
  const live = records.filter((hold) => statusAt(hold, serverTimeMs) !== 'expired');
  const items = await Promise.all(live.map((hold) => ownHold(context, hold, serverTimeMs)));
  return { items: items.filter((item) => item !== null), serverTimeMs };
}

/** One hold of the buyer's, live or ended, from either store; anybody else's is not found. Throws UnavailableError. */
export async function getOwnHold(
  context: Context,
  { buyerId, holdId }: { buyerId: string; holdId: string },
): Promise<OwnHoldOutcome> {
  const [record, serverTimeMs] = await Promise.all([findAnywhere(context, holdId), readClock(context.redis)]);
  if (record && record.status !== 'sold') {
    if (record.buyerId !== buyerId) return { status: 'hold_not_found' };
    const hold = await ownHold(context, record, serverTimeMs);
    return hold ? { status: 'found', hold, serverTimeMs } : { status: 'hold_not_found' };
  }
  const order = await orderByHold(context.mysql.db, holdId);
  if (order?.buyerId !== buyerId) return { status: 'hold_not_found' };
  const times = record ?? { placedAtMs: order.createdAtMs, expiresAtMs: order.createdAtMs };
  const { placedAtMs, expiresAtMs } = times;
  const { saleId, lines, totalMinor, currency, orderId } = order;
  const hold: OwnHold = {
    holdId,
    saleId,
    lines,
    totalMinor,
    currency,
    placedAtMs,
    expiresAtMs,
    status: 'sold',
    token: null,
    orderId,
  };
  return { status: 'found', hold, serverTimeMs };
}

function statusAt(hold: HoldRecord, nowMs: number): HoldStatus {
  return hold.status === 'held' && hold.deadlineMs <= nowMs ? 'expired' : hold.status;
}

async function ownHold(context: Context, record: HoldRecord, nowMs: number): Promise<OwnHold | null> {
  const sale = await context.catalog.find(record.saleId);
  if (!sale) return null;
  const status = statusAt(record, nowMs);
  const { token, ...hold } = heldTicket(context, sale, record);
  // Grace may have moved the deadline; the token keeps the one that was promised.
  const isLive = status === 'held' || status === 'confirming';
  return { ...hold, expiresAtMs: record.deadlineMs, status, token: isLive ? token : null, orderId: null };
}

async function findAnywhere(context: Context, holdId: string): Promise<HoldRecord | null> {
  const saleIds = (await context.catalog.unsettled()).map((sale) => sale.saleId);
  return findHold(context.redis, saleIds, holdId).catch(context.rebuilder.orThrow);
}

const SCAN_COUNT = 200;
const SCANS_MAX = 50;

/** One page of a sale's remembered holds; a page may be short and still have a next one. Throws UnavailableError. */
export async function listHolds(
  context: Context,
  input: {
    saleId: string;
    buyerId?: string | undefined;
    status?: HoldStatus | undefined;
    limit: number;
    cursor?: string | undefined;
  },
): Promise<Page<Hold> | null> {
  const { saleId, buyerId, status, limit } = input;
  if (!(await context.catalog.find(saleId))) return null;
  let { scan, skip } = decodeScanCursor(input.cursor);
  const items: Hold[] = [];
  for (let scans = 0; scans < SCANS_MAX; scans++) {
    const page = await scanHolds(context.redis, saleId, scan, SCAN_COUNT);
    for (const [index, hold] of page.holds.entries()) {
      if (index < skip || (buyerId !== undefined && hold.buyerId !== buyerId)) continue;
      if (status !== undefined && hold.status !== status) continue;
      if (items.length === limit) return { items, nextCursor: encodeScanCursor(scan, index) };
      items.push(publicRecord(hold));
    }
    if (page.cursor === '0') return { items, nextCursor: null };
    scan = page.cursor;
    skip = 0;
  }
  return { items, nextCursor: encodeScanCursor(scan, skip) };
}

function publicRecord({ keyed: _keyed, epoch: _epoch, attempts: _attempts, ...hold }: HoldRecord): Hold {
  return hold;
}

function encodeScanCursor(scan: string, skip: number): string {
  return Buffer.from(`${scan} ${skip}`).toString('base64url');
}

/** Redis counts its cursors in 64 bits, and calls anything beyond an error. */
const SCAN_MAX = 2n ** 64n - 1n;

function decodeScanCursor(cursor: string | undefined): { scan: string; skip: number } {
  if (cursor === undefined) return { scan: '0', skip: 0 };
  const match = scanCursor.exec(Buffer.from(cursor, 'base64url').toString('latin1'));
  const [scan, skip] = [match?.[1] ?? '', Number(match?.[2])];
  if (match && encodeScanCursor(scan, skip) === cursor && BigInt(scan) <= SCAN_MAX) return { scan, skip };
  throw malformedCursor();
}

const scanCursor = /^(0|[1-9]\d{0,19}) (\d{1,9})$/;

/** What each store says of a hold; null when neither knows it. Throws UnavailableError. */
export async function getHold(context: Context, { holdId }: { holdId: string }): Promise<AdminHold | null> {
  const [record, outcomes] = await Promise.all([
    findAnywhere(context, holdId),
    readOutcomes(context.mysql.db, [holdId]),
  ]);
  const mysql = outcomes.get(holdId) ?? null;
  if (!record && !mysql) return null;
  return { holdId, redis: record && publicRecord(record), mysql };
}

/** Gives a live hold back on an admin's word; audited. Safe to repeat. Throws UnavailableError. */
export async function adminRelease(
  context: Context,
  input: AdminAction & { holdId: string; reason: string },
): Promise<ReleaseOutcome | { status: 'hold_not_found' }> {
  const { holdId, reason } = input;
  const record = await findAnywhere(context, holdId);
  if (!record) {
    const known = (await readOutcomes(context.mysql.db, [holdId])).get(holdId);
    if (!known) return { status: 'hold_not_found' };
    return known.orderId === null
      ? { status: 'hold_expired' }
      : { status: 'already_confirmed', orderId: known.orderId };
  }
  const { saleId } = record;
  return runAdmin<ReleaseOutcome | { status: 'hold_not_found' }>(
    context,
    { ...input, request: ['release', holdId, reason] },
    async (trx) => {
      // Within this transaction: a second connection for each of a crowd of admins would use up the pool.
      const within = { ...context, mysql: { ...context.mysql, db: trx } };
      const outcome = await releaseById(within, { saleId, holdId, owner: null });
      if (outcome.status !== 'released') return { outcome, audit: null };
      const audit = {
        action: 'hold.release',
        saleId,
        reason,
        before: publicRecord(record),
        after: { holdId, status: 'released' },
      };
      return { outcome, audit };
    },
  );
}

import { type Kysely, sql } from 'kysely';
import type { Coupon } from '../domain/coupon.ts';
import { InvariantError, RequestError, UnavailableError } from '../domain/errors.ts';
import type { Page } from '../domain/order.ts';
import { fromBytes, toBytes } from './codec.ts';
import type { Mysql } from './connection.ts';
import { decodeCursor, toPage } from './cursor.ts';
import { errnoOf, isDuplicate } from './errors.ts';
import type { CouponsTable, Tables } from './tables.ts';
import { transact } from './transact.ts';

export type CouponRow = Coupon & { buyerId: string };

/** A coupon that MySQL will never take as it is, and why. */
export type RefusedCoupon = { couponId: string; error: Error };

/**
 * Stores coupons; one that is stored already is fine, so it is safe to repeat after anything. Returns those refused: bad
 * data, or a buyer who has another coupon of the campaign. Everything else is stored when this returns (in a transaction:
 * when it commits). Throws UnavailableError, or what MySQL said against the statement itself; then any part may be stored.
 */
export async function insertCoupons(db: Kysely<Tables>, rows: readonly CouponRow[]): Promise<RefusedCoupon[]> {
  const refused: RefusedCoupon[] = [];
  const groups: CouponRow[][] = [[...rows]];
  for (let group = groups.pop(); group; group = groups.pop()) {
    if (group.length === 0) continue;
    try {
      await insertAll(db, group);
    } catch (error) {
      if (!isDataFault(error)) throw error;
      const { missing, conflicts } = isDuplicate(error)
        ? await withoutStored(db, group)
        : { missing: group, conflicts: [] };
      refused.push(...conflicts);
      if (missing.length < group.length) groups.push(missing);
      else if (missing[0] && missing.length === 1)
        refused.push({ couponId: missing[0].couponId, error: error as Error });
      else groups.push(missing.slice(missing.length / 2), missing.slice(0, missing.length / 2));
    }
  }
  return refused;
}

/**
 * As `insertCoupons` in one transaction, for coupons that were read from a campaign of this epoch. `fenced`: a rebuild has
 * begun since, and what it read must stand still, so nothing was written. Safe to repeat.
 */
export async function insertCouponsAt(
  mysql: Mysql,
  { campaignId, epoch }: { campaignId: string; epoch: number },
  rows: readonly CouponRow[],
): Promise<RefusedCoupon[] | 'fenced'> {
  return transact(mysql, {}, async (trx) => {
    const campaign = await trx
      .selectFrom('coupon_campaigns')
      .select('id')
      .where('id', '=', campaignId)
      .where('epoch', '=', epoch)
      .modifyEnd(sql`lock in share mode`)
      .executeTakeFirst();
    return campaign ? insertCoupons(trx, rows) : 'fenced';
  });
}

/** Wrong for what stands in the row itself, though MySQL puts these into no class of SQLSTATE: 1366 a value, 3819 a CHECK. */
const unclassedDataFaults = new Set([1265, 1300, 1364, 1366, 1411, 3819]);

/** A row was refused for its own data; anything else, a missing table say, tells nothing about a coupon. */
function isDataFault(error: unknown): boolean {
  if (error instanceof RequestError) return true;
  const errno = errnoOf(error);
  if (errno === null || error instanceof UnavailableError) return false;
  // Classes 22 (data exception) and 23 (constraint violation) of ISO/IEC 9075.
  const { sqlState } = error as { sqlState?: unknown };
  return unclassedDataFaults.has(errno) || /^2[23]/.test(String(sqlState));
}

async function insertAll(db: Kysely<Tables>, rows: readonly CouponRow[]): Promise<void> {
  const values = rows.map((row) => ({
    id: row.couponId,
    campaign_id: row.campaignId,
    buyer_id: toBytes(row.buyerId),
    issued_at_ms: row.issuedAtMs,
  }));
  await db.insertInto('coupons').values(values).execute();
}

/** What a unique key refused: the same coupon again needs nothing, another coupon for its buyer is a conflict. */
async function withoutStored(
  db: Kysely<Tables>,
  rows: readonly CouponRow[],
): Promise<{ missing: CouponRow[]; conflicts: RefusedCoupon[] }> {
  const stored = await readStored(db, rows);
  const byId = new Map(stored.map((row) => [row.couponId, row]));
  const byBuyer = new Map(stored.map((row) => [keyOf(row), row]));
  const conflicts: RefusedCoupon[] = [];
  const missing = rows.filter((row) => {
    const other = byId.get(row.couponId) ?? byBuyer.get(keyOf(row));
    if (other && (other.couponId !== row.couponId || keyOf(other) !== keyOf(row)))
      conflicts.push({
        couponId: row.couponId,
        error: new InvariantError('another coupon is stored in its place', { stored: other.couponId }),
      });
    return !other;
  });
  return { missing, conflicts };
}

function keyOf(row: { campaignId: string; buyerId: string }): string {
  return `${row.campaignId} ${row.buyerId}`;
}

/** One query per key, and per campaign of which there is nearly always one: together they would scan the table. */
async function readStored(db: Kysely<Tables>, rows: readonly CouponRow[]): Promise<CouponRow[]> {
  const couponIds = rows.map((row) => row.couponId);
  const found = await db.selectFrom('coupons').selectAll().where('id', 'in', couponIds).execute();
  for (const campaignId of new Set(rows.map((row) => row.campaignId))) {
    const buyerIds = rows.filter((row) => row.campaignId === campaignId).map((row) => toBytes(row.buyerId));
    const query = db.selectFrom('coupons').selectAll().where('campaign_id', '=', campaignId);
    found.push(...(await query.where('buyer_id', 'in', buyerIds).execute()));
  }
  return found.map(fromRow);
}

function fromRow(row: CouponsTable): CouponRow {
  return {
    couponId: row.id,
    campaignId: row.campaign_id,
    buyerId: fromBytes(row.buyer_id),
    issuedAtMs: row.issued_at_ms,
  };
}

/** A buyer's coupons, newest first; throws RequestError for a malformed cursor. Safe to retry. */
export async function couponsOfBuyer(
  db: Kysely<Tables>,
  input: { buyerId: string; limit: number; cursor?: string | undefined },
): Promise<Page<Coupon>> {
  let query = db
    .selectFrom('coupons')
    .select(['id as couponId', 'campaign_id as campaignId', 'issued_at_ms as issuedAtMs'])
    .where('buyer_id', '=', toBytes(input.buyerId))
    .orderBy('issued_at_ms', 'desc')
    .orderBy('id', 'desc');
  if (input.cursor !== undefined) {
    const [issuedAtMs, id = ''] = decodeCursor(input.cursor, ['number', 'id']);
    const at = Number(issuedAtMs);
    query = query.where(({ eb, and, or }) =>
      or([eb('issued_at_ms', '<', at), and([eb('issued_at_ms', '=', at), eb('id', '<', id)])]),
    );
  }
  const rows = await query.limit(input.limit + 1).execute();
  return toPage(rows, input.limit, (row) => [row.issuedAtMs, row.couponId]);
}

/** Stored coupons of a campaign after `afterCouponId` (null at first) in id order; fewer than `limit` means the end. */
export async function couponsOfCampaign(
  db: Kysely<Tables>,
  campaignId: string,
  afterCouponId: string | null,
  limit: number,
): Promise<CouponRow[]> {
  const rows = await db
    .selectFrom('coupons')
    .selectAll()
    .where('campaign_id', '=', campaignId)
    .where('id', '>', afterCouponId ?? '')
    .orderBy('id')
    .limit(limit)
    .execute();
  return rows.map(fromRow);
}

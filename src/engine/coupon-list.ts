import type { Coupon } from '../domain/coupon.ts';
import { UnavailableError } from '../domain/errors.ts';
import type { Page } from '../domain/order.ts';
import { couponsOfBuyer } from '../mysql/coupons.ts';
import { decodeCursor, encodeCursor } from '../mysql/cursor.ts';
import { couponsInRedis } from '../redis/coupon-rebuild.ts';
import type { CouponDeps } from './coupon-deps.ts';
import type { CouponDirectory } from './coupon-directory.ts';

type ListInput = { buyerId: string; limit: number; cursor?: string | undefined };

/**
 * A buyer's coupons: the rows in MySQL, united with what Redis knows of campaigns that run or ended lately, so that a coupon
 * is seen right after it was issued. When Redis is away, the rows alone: one that is not written yet appears a moment later.
 */
export async function listOwnCoupons(
  deps: CouponDeps & { directory: CouponDirectory },
  input: ListInput,
): Promise<Page<Coupon>> {
  const stored = await couponsOfBuyer(deps.mysql.db, input);
  // Read after MySQL: what was written in between is in Redis all the same, for nothing is taken away there.
  const recent = await recentCoupons(deps, input.buyerId);
  return unite(stored, recent, input);
}

async function recentCoupons(deps: CouponDeps & { directory: CouponDirectory }, buyerId: string): Promise<Coupon[]> {
  const campaignIds = await deps.directory.recent();
  return couponsInRedis(deps.redis, campaignIds, buyerId).catch((error: unknown) => {
    if (!(error instanceof UnavailableError)) throw error;
    deps.log.debug({ err: error }, 'own coupons are read from MySQL alone');
    return [];
  });
}

/**
 * Coupons that Redis knows and that are not among the rows of this page are either not stored yet, or stored and older than
 * all of a full page: those fall off its end here, and come with a later one.
 */
function unite(stored: Page<Coupon>, recent: Coupon[], { limit, cursor }: ListInput): Page<Coupon> {
  const ids = new Set(stored.items.map((coupon) => coupon.couponId));
  const start = cursor === undefined ? null : startOf(cursor);
  const others = recent.filter(
    (coupon) => !ids.has(coupon.couponId) && (start === null || newestFirst(start, coupon) < 0),
  );
  const merged = [...stored.items, ...others].sort(newestFirst);
  const items = merged.slice(0, limit);
  const last = items.at(-1);
  const hasMore = merged.length > limit || stored.nextCursor !== null;
  return { items, nextCursor: hasMore && last ? encodeCursor([last.issuedAtMs, last.couponId]) : null };
}

type Place = Pick<Coupon, 'issuedAtMs' | 'couponId'>;

/** The order of the rows in MySQL, whose ids are compared by bytes. */
function newestFirst(a: Place, b: Place): number {
  if (a.issuedAtMs !== b.issuedAtMs) return b.issuedAtMs - a.issuedAtMs;
  if (a.couponId === b.couponId) return 0;
  return a.couponId < b.couponId ? 1 : -1;
}

function startOf(cursor: string): Place {
  const [issuedAtMs, couponId = ''] = decodeCursor(cursor, ['number', 'id']);
  return { issuedAtMs: Number(issuedAtMs), couponId };
}

import { assert } from '../domain/errors.ts';

/** A coupon as Redis keeps it: under its buyer, in its campaign. */
export type CouponRecord = { couponId: string; buyerId: string; issuedAtMs: number };

/** Packs what stands under a buyer; the id stands there too, so that a change of the secret changes no coupon. */
export function packCoupon({ issuedAtMs, couponId }: Pick<CouponRecord, 'couponId' | 'issuedAtMs'>): string {
  return `${issuedAtMs},${couponId}`;
}

/** Throws InvariantError for anything that `packCoupon` and the scripts do not write. */
export function unpackCoupon(packed: string): Pick<CouponRecord, 'couponId' | 'issuedAtMs'> {
  const [, issuedAtMs, couponId] = /^(\d+),([A-Za-z0-9_-]+)$/.exec(packed) ?? [];
  assert(issuedAtMs !== undefined && couponId !== undefined, 'a coupon in Redis is malformed', { packed });
  return { couponId, issuedAtMs: Number(issuedAtMs) };
}

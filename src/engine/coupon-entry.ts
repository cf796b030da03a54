import type { CouponRecord } from '../redis/coupon-record.ts';

const BUYER_BYTES_MAX = 255;

/** The coupon that the fields of an entry tell of; null when they are not what the issuing script writes. */
export function toCoupon(fields: unknown): CouponRecord | null {
  const { couponId, buyerId, issuedAtMs } = (fields ?? {}) as Record<string, unknown>;
  if (typeof couponId !== 'string' || !/^[A-Za-z0-9_-]{1,64}$/.test(couponId)) return null;
  if (typeof buyerId !== 'string' || !isBuyer(buyerId)) return null;
  if (typeof issuedAtMs !== 'string' || !/^\d{1,15}$/.test(issuedAtMs)) return null;
  return { couponId, buyerId, issuedAtMs: Number(issuedAtMs) };
}

/** Whether a buyer's id can be stored: not empty, for that is our own mark in Redis, and not longer than MySQL's column. */
export function isBuyer(buyerId: string): boolean {
  return buyerId !== '' && Buffer.byteLength(buyerId) <= BUYER_BYTES_MAX;
}

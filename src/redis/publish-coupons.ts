import { campaignKeys } from './coupon-keys.ts';
import type { CouponRecord } from './coupon-record.ts';
import { defineScript, unknownWord } from './script.ts';

/** Coupons for the stream from the rebuild that claimed `epoch`. */
export type Publishing = { campaignId: string; epoch: number; coupons: readonly CouponRecord[] };

/**
 * Puts coupons of a claimed campaign into the stream again that neither it nor MySQL has; `moved` means start over. Twice
 * does no harm: MySQL takes a coupon once.
 */
export const publishCoupons = defineScript<Publishing, 'moved' | 'published'>('publish-coupons', {
  encode: ({ campaignId, epoch, coupons }, redis, runId) => {
    const { campaign, stream } = campaignKeys(redis.keyPrefix, campaignId);
    const items = coupons.flatMap(({ couponId, buyerId, issuedAtMs }) => [couponId, buyerId, issuedAtMs]);
    return { keys: [campaign, stream], args: [runId, epoch, ...items] };
  },
  decode: ([word]) => {
    switch (word) {
      case 'moved':
      case 'published':
        return word;
      default:
        return unknownWord('publish-coupons', word);
    }
  },
});

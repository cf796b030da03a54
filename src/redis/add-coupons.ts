import { campaignKeys } from './coupon-keys.ts';
import { type CouponRecord, packCoupon } from './coupon-record.ts';
import { defineScript, unknownWord } from './script.ts';

/** Coupons for the rebuild that claimed `epoch`; other rebuilders keep waiting for `forMs` from now on. */
export type Adding = { campaignId: string; epoch: number; coupons: readonly CouponRecord[]; forMs: number };

/** Adds coupons that are known elsewhere to a claimed campaign; `moved` means start over. Safe to repeat. */
export const addCoupons = defineScript<Adding, 'moved' | 'added'>('add-coupons', {
  encode: ({ campaignId, epoch, coupons: records, forMs }, redis, runId) => {
    const { campaign, coupons, rebuilding } = campaignKeys(redis.keyPrefix, campaignId);
    const items = records.flatMap((record) => [record.buyerId, packCoupon(record)]);
    return { keys: [campaign, coupons, rebuilding], args: [runId, epoch, forMs, ...items] };
  },
  decode: ([word]) => {
    switch (word) {
      case 'moved':
      case 'added':
        return word;
      default:
        return unknownWord('add-coupons', word);
    }
  },
});

import type { IssueCouponOutcome } from '../domain/coupon.ts';
import { CampaignLostError } from '../domain/errors.ts';
import { campaignKeys } from './coupon-keys.ts';
import { unpackCoupon } from './coupon-record.ts';
import { defineScript, type Reply, unknownWord } from './script.ts';

/** `couponId` is the one that this buyer gets in this campaign, whenever he asks. */
export type Issuing = { couponId: string; buyerId: string };

/** Whether the campaign exists at all is for MySQL to say. */
export type IssueReply = Exclude<IssueCouponOutcome, { status: 'campaign_not_found' }>;

/** Issues coupons of one campaign to many buyers. Safe to repeat with the same ids. Throws CampaignLostError. */
export const issueCoupons = defineScript<{ campaignId: string; items: Issuing[] }, IssueReply[]>('issue-coupons', {
  encode: ({ campaignId, items }, redis, runId) => {
    const { campaign, coupons, stream } = campaignKeys(redis.keyPrefix, campaignId);
    return {
      keys: [campaign, coupons, stream],
      args: [runId, redis.clock(), ...items.flatMap((item) => [item.couponId, item.buyerId])],
    };
  },
  decode: ([word, now, ...replies], { campaignId, items }) => {
    switch (word) {
      case 'lost':
        throw new CampaignLostError(campaignId);
      case 'ok':
        return items.map((item, index) => decodeItem(campaignId, item, replies[index] as Reply, now as number));
      default:
        return unknownWord('issue-coupons', word);
    }
  },
});

function decodeItem(campaignId: string, { couponId }: Issuing, [word, detail]: Reply, now: number): IssueReply {
  switch (word) {
    case 'issued':
      return { status: word, coupon: { couponId, campaignId, issuedAtMs: now } };
    case 'already_issued':
      return { status: word, coupon: { campaignId, ...unpackCoupon(detail as string) } };
    case 'campaign_not_open':
      return { status: word, opensAtMs: detail as number };
    case 'campaign_closed':
    case 'coupons_exhausted':
      return { status: word };
    default:
      return unknownWord('issue-coupons', word);
  }
}

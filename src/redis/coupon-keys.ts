/** The group of the consumers that write issued coupons to MySQL. */
export const COUPON_GROUP = 'mysql';

/** The keys of a coupon campaign; all in the slot of `{campaignId}`. */
export type CampaignKeys = { campaign: string; coupons: string; stream: string; tries: string; rebuilding: string };

/** Names the keys: settings, coupons by buyer, what is not in MySQL yet, refusals per entry, and who rebuilds. */
export function campaignKeys(keyPrefix: string, campaignId: string): CampaignKeys {
  const base = `${keyPrefix}:{${campaignId}}`;
  return {
    campaign: `${base}:campaign`,
    coupons: `${base}:coupons`,
    stream: `${base}:coupon-stream`,
    tries: `${base}:coupon-tries`,
    rebuilding: `${base}:campaign-rebuilding`,
  };
}

/** What each rule says, and where the engine keeps it. Switched off alone, every one of them breaks a promise. */
export const couponRules = {
  onePerBuyer: 'a buyer who has a coupon gets the same one again (lua/issue-coupons.lua)',
  quantityIsCounted: 'no coupon is issued once quantity of them are (lua/issue-coupons.lua)',
  oneBreath: 'a coupon and its entry in the stream are written in one step (lua/issue-coupons.lua)',
  ackAfterCommit: 'an entry leaves the stream after MySQL has its coupon (src/engine/coupon-batch.ts)',
  ackKnowsRun: 'entries are acknowledged in the run that they were read from (src/redis/ack-coupons.ts)',
  insertIsFenced: 'a coupon is stored under the epoch that it was read under (src/mysql/coupons.ts)',
  campaignRunIsChecked: 'a campaign of another run of Redis is lost (lua/include/campaign.lua)',
  campaignIsWhole: 'a campaign without its coupons or its stream is lost (lua/include/campaign.lua)',
  rowsAreAdded: 'a rebuild adds what MySQL has (src/engine/coupon-sources.ts)',
  streamIsAdded: 'a rebuild adds what the stream has (src/engine/coupon-sources.ts)',
  hashIsPublished: 'a rebuild puts what only the hash has into the stream again (src/engine/coupon-rebuild.ts)',
  claimIsChecked: 'a rebuild is installed only under its own claim (lua/install-campaign.lua)',
  addsAreClaimed:
    'a rebuild adds and publishes only under its own claim (lua/add-coupons.lua, lua/publish-coupons.lua)',
  claimIsNewest:
    "a rebuild that has claimed goes on only while MySQL's epoch is its own (src/engine/coupon-rebuild.ts)",
} as const;

export type CouponRules = Record<keyof typeof couponRules, boolean>;

export const allCouponRules = Object.keys(couponRules) as (keyof CouponRules)[];

/** All rules but those named. */
export function couponRulesWithout(without: readonly string[]): CouponRules {
  return Object.fromEntries(allCouponRules.map((rule) => [rule, !without.includes(rule)])) as CouponRules;
}

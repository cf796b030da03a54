import type { CouponRules } from './rules.ts';

export type Entry = { id: number; buyer: string; coupon: string };

/** The keys of the campaign; a missing one is null. An epoch of 0 stands for none, a run of 0 for a suspended campaign. */
export type Redis = {
  campaign: { epoch: number; run: number; claim: number; claimRun: number } | null;
  /** `mark` is the epoch in the hash's own entry; negative while it is claimed. Coupons by buyer, '' for none. */
  coupons: { mark: number; of: Record<string, string> } | null;
  stream: { lastId: number; entries: Entry[] } | null;
};

export type Issue = { kind: 'issue'; pc: string; buyer: string };

export type Consumer = { kind: 'consumer'; pc: string; epoch: number; run: number; batch: Entry[]; rounds: number };

export type CouponRebuild = {
  kind: 'rebuild';
  pc: string;
  epoch: number;
  onlyInHash: Record<string, string>;
  found: Record<string, string>;
  rounds: number;
};

export type CouponActor = Issue | Consumer | CouponRebuild;

export type CouponState = {
  run: number;
  redis: Redis;
  saved: Redis | null;
  mysql: { epoch: number; rows: Record<string, string> };
  actors: Record<string, CouponActor>;
  faults: Record<string, number>;
  /** What buyers were told: the coupon that a 201 named; and whose coupon was lost with Redis before MySQL had it. */
  told: Record<string, string>;
  lost: string[];
  /** A promise that a step has broken at the moment it was made. */
  broken: string;
};

export type CouponWorld = { rules: CouponRules; buyers: string[]; quantity: number };

export const END = 'end';

export function nobody(buyers: readonly string[]): Record<string, string> {
  return Object.fromEntries(buyers.map((buyer) => [buyer, '']));
}

export function countOf(coupons: Record<string, string>): number {
  return Object.values(coupons).filter((coupon) => coupon !== '').length;
}

/** lua/include/campaign.lua: whether anything is issued from it. */
export function isIntact({ redis, run }: CouponState, { rules }: CouponWorld): boolean {
  const { campaign, coupons, stream } = redis;
  if (!campaign || campaign.epoch === 0 || campaign.run === 0) return false;
  if (rules.campaignRunIsChecked && campaign.run !== run) return false;
  return !rules.campaignIsWhole || (coupons?.mark === campaign.epoch && stream !== null);
}

/** HSET and XADD make a key that is missing. */
export function couponsOf(state: CouponState, { buyers }: CouponWorld): Record<string, string> {
  state.redis.coupons ??= { mark: 0, of: nobody(buyers) };
  return state.redis.coupons.of;
}

export function publish(state: CouponState, buyer: string, coupon: string): void {
  const stream = state.redis.stream ?? { lastId: 0, entries: [] };
  state.redis.stream = stream;
  stream.lastId += 1;
  stream.entries.push({ id: stream.lastId, buyer, coupon });
}

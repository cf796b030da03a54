import type { Redis } from './connection.ts';
import { campaignKeys } from './coupon-keys.ts';
import { type CouponRecord, unpackCoupon } from './coupon-record.ts';
import { command, pipelined } from './script.ts';

/** The epoch under which scripts issue from the campaign; null when they call it lost. */
export async function intactEpoch(redis: Redis, campaignId: string): Promise<number | null> {
  const { runId } = redis.session();
  const { campaign, coupons, stream } = campaignKeys(redis.keyPrefix, campaignId);
  const [fields, sentinel, streams] = await pipelined(redis, (pipeline) =>
    pipeline.hmget(campaign, 'epoch', 'run').hget(coupons, '').exists(stream),
  );
  const [epoch, run] = fields as (string | null)[];
  const isIntact = epoch && run === runId && sentinel === epoch && streams === 1;
  return isIntact ? Number(epoch) : null;
}

/** Asks to be the one rebuilder for `forMs`; false when another process is. Only a courtesy: the claim decides. */
export async function claimCampaignRebuild(redis: Redis, campaignId: string, forMs: number): Promise<boolean> {
  const { rebuilding } = campaignKeys(redis.keyPrefix, campaignId);
  return (await command(redis, (client) => client.set(rebuilding, '1', 'PX', forMs, 'NX'))) === 'OK';
}

/** Lets others rebuild again. */
export async function endCampaignRebuild(redis: Redis, campaignId: string): Promise<void> {
  await command(redis, (client) => client.del(campaignKeys(redis.keyPrefix, campaignId).rebuilding));
}

/** One page of the coupons that Redis remembers, in no order; '0' starts and ends. */
export async function scanCoupons(
  redis: Redis,
  { campaignId, cursor, countMax }: { campaignId: string; cursor: string; countMax: number },
): Promise<{ cursor: string; coupons: CouponRecord[] }> {
  const { coupons: key } = campaignKeys(redis.keyPrefix, campaignId);
  const [next, flat] = await command(redis, (client) => client.hscan(key, cursor, 'COUNT', countMax));
  const coupons: CouponRecord[] = [];
  for (let at = 0; at < flat.length; at += 2) {
    const buyerId = flat[at] as string;
    if (buyerId !== '') coupons.push({ buyerId, ...unpackCoupon(flat[at + 1] as string) });
  }
  return { cursor: next, coupons };
}

/** The coupons of one buyer in the given campaigns, one round trip; also of campaigns that are being rebuilt. */
export async function couponsInRedis(
  redis: Redis,
  campaignIds: readonly string[],
  buyerId: string,
): Promise<{ couponId: string; campaignId: string; issuedAtMs: number }[]> {
  if (campaignIds.length === 0) return [];
  const replies = await pipelined(redis, (pipeline) => {
    for (const campaignId of campaignIds) pipeline.hget(campaignKeys(redis.keyPrefix, campaignId).coupons, buyerId);
  });
  return campaignIds.flatMap((campaignId, index) => {
    const packed = replies[index];
    return typeof packed === 'string' ? [{ campaignId, ...unpackCoupon(packed) }] : [];
  });
}

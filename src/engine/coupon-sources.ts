import { listDeadLetters } from '../mysql/coupon-dead-letters.ts';
import { couponsOfCampaign } from '../mysql/coupons.ts';
import { addCoupons, scanCoupons } from '../redis/coupon-rebuild.ts';
import type { CouponRecord } from '../redis/coupon-record.ts';
import { scanStream } from '../redis/coupon-stream.ts';
import type { CouponDeps } from './coupon-deps.ts';
import { toCoupon } from './coupon-entry.ts';

/** Coupons read from each place but Redis's own hash, and those that only the hash has. */
export type United = {
  added: { fromStream: number; fromMysql: number; fromDeadLetters: number };
  unpublished: CouponRecord[];
};

const PAGE = 500;
const DEAD_LETTERS_MAX = 100_000;

/**
 * Adds to Redis every coupon of a stopped campaign that is known anywhere. The stream is read before MySQL: an entry leaves
 * it only after its coupon is committed, so that one under way is met in one place at least. Memory: the coupons in Redis.
 * `claimMs` is how long each step keeps other rebuilders waiting.
 */
export async function uniteCoupons(
  deps: CouponDeps,
  { campaignId, claimMs }: { campaignId: string; claimMs: number },
): Promise<United> {
  const onlyInHash = await readHash(deps, campaignId);
  const add = async (coupons: CouponRecord[]) => {
    for (const { buyerId } of coupons) onlyInHash.delete(buyerId);
    await addCoupons(deps.redis, campaignId, coupons, claimMs);
    return coupons.length;
  };
  const fromStream = await addStream(deps, campaignId, add);
  const fromDeadLetters = await addDeadLetters(deps, campaignId, add);
  // Last, so that where two differ, because the secret of the ids was changed in between, the stored one stands.
  const fromMysql = await addStored(deps, campaignId, add);
  return { added: { fromStream, fromMysql, fromDeadLetters }, unpublished: [...onlyInHash.values()] };
}

type Add = (coupons: CouponRecord[]) => Promise<number>;

async function readHash(deps: CouponDeps, campaignId: string): Promise<Map<string, CouponRecord>> {
  const byBuyer = new Map<string, CouponRecord>();
  let cursor = '0';
  do {
    const page = await scanCoupons(deps.redis, { campaignId, cursor, countMax: PAGE });
    for (const coupon of page.coupons) byBuyer.set(coupon.buyerId, coupon);
    cursor = page.cursor;
  } while (cursor !== '0');
  return byBuyer;
}

async function addStream(deps: CouponDeps, campaignId: string, add: Add): Promise<number> {
  let added = 0;
  for (let after = '-'; ; ) {
    const page = await scanStream(deps.redis, { campaignId, after, countMax: PAGE });
    added += await add(page.flatMap((entry) => toCoupon(entry.fields) ?? []));
    if (page.length < PAGE) return added;
    after = page.at(-1)?.entryId ?? after;
  }
}

async function addStored(deps: CouponDeps, campaignId: string, add: Add): Promise<number> {
  let added = 0;
  for (let after: string | null = null; ; ) {
    const page: CouponRecord[] = await couponsOfCampaign(deps.mysql.db, campaignId, after, PAGE);
    added += await add(page);
    if (page.length < PAGE) return added;
    after = page.at(-1)?.couponId ?? null;
  }
}

/** A coupon that could not be stored was issued all the same: its buyer gets no second one, and it counts. */
async function addDeadLetters(deps: CouponDeps, campaignId: string, add: Add): Promise<number> {
  const letters = await listDeadLetters(deps.mysql.db, campaignId, DEAD_LETTERS_MAX);
  const coupons = letters.flatMap((letter) => toCoupon(JSON.parse(letter.payload)) ?? []);
  let added = 0;
  for (let at = 0; at < coupons.length; at += PAGE) added += await add(coupons.slice(at, at + PAGE));
  return added;
}

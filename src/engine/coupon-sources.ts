import { listDeadLetters } from '../mysql/coupon-dead-letters.ts';
import { couponsOfCampaign } from '../mysql/coupons.ts';
import { addCoupons } from '../redis/add-coupons.ts';
import { scanCoupons } from '../redis/coupon-rebuild.ts';
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
 * Adds to Redis every coupon of a stopped campaign that is known anywhere, under the claim of `epoch`; `moved`: the claim is
 * gone, start over. The stream is read before MySQL: an entry leaves it only after its coupon is committed, so that one under
 * way is met in one place at least. Memory: the coupons in Redis. `claimMs` is how long each step keeps other rebuilders
 * waiting.
 */
export async function uniteCoupons(
  deps: CouponDeps,
  { campaignId, epoch, claimMs }: { campaignId: string; epoch: number; claimMs: number },
): Promise<United | 'moved'> {
  const onlyInHash = await readHash(deps, campaignId);
  const added = { fromStream: 0, fromMysql: 0, fromDeadLetters: 0 };
  for await (const { from, coupons } of sources(deps, campaignId)) {
    if (coupons.length === 0) continue;
    for (const { buyerId } of coupons) onlyInHash.delete(buyerId);
    if ((await addCoupons(deps.redis, { campaignId, epoch, coupons, forMs: claimMs })) === 'moved') return 'moved';
    added[from] += coupons.length;
  }
  return { added, unpublished: [...onlyInHash.values()] };
}

type Page = { from: keyof United['added']; coupons: CouponRecord[] };

async function* sources(deps: CouponDeps, campaignId: string): AsyncGenerator<Page> {
  for await (const coupons of streamPages(deps, campaignId)) yield { from: 'fromStream', coupons };
  for await (const coupons of deadLetterPages(deps, campaignId)) yield { from: 'fromDeadLetters', coupons };
  // Last, so that where two differ, because the secret of the ids was changed in between, the stored one stands.
  for await (const coupons of storedPages(deps, campaignId)) yield { from: 'fromMysql', coupons };
}

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

async function* streamPages(deps: CouponDeps, campaignId: string): AsyncGenerator<CouponRecord[]> {
  for (let after = '-'; ; ) {
    const page = await scanStream(deps.redis, { campaignId, after, countMax: PAGE });
    yield page.flatMap((entry) => toCoupon(entry.fields) ?? []);
    if (page.length < PAGE) return;
    after = page.at(-1)?.entryId ?? after;
  }
}

async function* storedPages(deps: CouponDeps, campaignId: string): AsyncGenerator<CouponRecord[]> {
  for (let after: string | null = null; ; ) {
    const page: CouponRecord[] = await couponsOfCampaign(deps.mysql.db, campaignId, after, PAGE);
    yield page;
    if (page.length < PAGE) return;
    after = page.at(-1)?.couponId ?? null;
  }
}

/** A coupon that could not be stored was issued all the same: its buyer gets no second one, and it counts. */
async function* deadLetterPages(deps: CouponDeps, campaignId: string): AsyncGenerator<CouponRecord[]> {
  const letters = await listDeadLetters(deps.mysql.db, campaignId, DEAD_LETTERS_MAX);
  const coupons = letters.flatMap((letter) => toCoupon(JSON.parse(letter.payload)) ?? []);
  for (let at = 0; at < coupons.length; at += PAGE) yield coupons.slice(at, at + PAGE);
}

import { type CouponState, type CouponWorld, countOf, isIntact } from './state.ts';
import { settleCoupons } from './system.ts';

/** What must hold of coupons at every state, and after the fair continuation from every state. */
export function couponPromise(world: CouponWorld): (state: CouponState, copy: () => CouponState) => string | null {
  return (state, copy) => {
    const now = brokenAlways(state, world);
    if (now !== null) return now;
    const later = copy();
    settleCoupons(later, world);
    return brokenAlways(later, world) ?? brokenInTheEnd(later, world);
  };
}

function brokenAlways({ mysql, broken }: CouponState, { quantity }: CouponWorld): string | null {
  if (broken !== '') return broken;
  const rows = countOf(mysql.rows);
  return rows > quantity ? `MySQL has ${rows} coupons of ${quantity}` : null;
}

/** A coupon that Redis lost before MySQL had it is lost; every other one that was answered with 201 has its row. */
function brokenInTheEnd(state: CouponState, world: CouponWorld): string | null {
  if (!isIntact(state, world)) return 'the campaign stays lost';
  if ((state.redis.stream?.entries.length ?? 0) > 0) return 'entries stay in the stream';
  for (const buyer of world.buyers) {
    const told = state.told[buyer] as string;
    const row = state.mysql.rows[buyer] as string;
    if (told !== '' && row !== told && !state.lost.includes(buyer))
      return `${buyer} was told "${told}", MySQL has "${row}"`;
    if ((state.redis.coupons?.of[buyer] ?? '') !== row)
      return `Redis remembers a coupon of ${buyer} that MySQL does not have`;
  }
  return null;
}

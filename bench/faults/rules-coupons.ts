import type { Evidence } from './check.ts';
import { mayBeForgotten, type Request } from './history.ts';
import type { Violation } from './truth.ts';

/** Coupons: never more than there are, one per buyer, and each that was promised is stored. */
export function couponRules({
  campaign,
  history,
  losses,
}: Pick<Evidence, 'campaign' | 'history' | 'losses'>): Violation[] {
  const { campaignId, quantity, rows, inRedis } = campaign;
  const asked = history.filter(({ subject }) => subject === campaignId);
  const stored = new Map(rows.map((row) => [row.buyerId, row.couponId]));
  const violation = (rule: string, text: string, buyerId?: string): Violation => ({
    ...{ rule, text },
    about: { subject: campaignId, ...(buyerId !== undefined && { buyerId }) },
  });
  const violations: Violation[] = [];
  if (rows.length > quantity) {
    violations.push(violation('no more coupons than there are', `${rows.length} of ${quantity}`));
  }
  if (stored.size < rows.length)
    violations.push(violation('one coupon per buyer', `${rows.length} rows, ${stored.size} buyers`));
  const remembered = new Map(inRedis.map((coupon) => [coupon.buyerId, coupon.couponId]));
  for (const buyerId of new Set([...stored.keys(), ...remembered.keys()])) {
    if (stored.get(buyerId) !== remembered.get(buyerId)) {
      const text = `${remembered.get(buyerId) ?? 'none'} in Redis, ${stored.get(buyerId) ?? 'none'} in MySQL`;
      violations.push(violation('Redis and MySQL have the same coupons', text, buyerId));
    }
  }
  for (const request of asked.filter(({ couponId }) => couponId !== null)) {
    const there = stored.get(request.buyerId);
    // What Redis alone had when it lost its data is lost.
    if (there === request.couponId || (there === undefined && mayBeForgotten(request, losses))) continue;
    const text = `${request.couponId} was told, ${there ?? 'none'} is stored`;
    violations.push(violation('every coupon that was told of is stored', text, request.buyerId));
  }
  return [
    ...violations,
    ...exhaustedRules(asked, { losses, isUsedUp: rows.length >= quantity }).map(([rule, buyerId]) =>
      violation(rule, 'coupons_exhausted was told', buyerId),
    ),
  ];
}

/** "None is left" is true for ever, and is never said to a winner. */
function exhaustedRules(
  asked: readonly Request[],
  { losses, isUsedUp }: Pick<Evidence, 'losses'> & { isUsedUp: boolean },
): [rule: string, buyerId: string][] {
  return asked
    .filter(({ word }) => word === 'coupons_exhausted')
    .flatMap((request): [string, string][] => {
      const { buyerId } = request;
      const won = asked.some(
        (other) =>
          other.buyerId === buyerId &&
          other.couponId !== null &&
          other.endMs < request.startMs &&
          !mayBeForgotten(other, losses),
      );
      const mayHaveChanged = losses.some(({ untilMs }) => request.startMs <= untilMs);
      return [
        ...(won ? [['no winner is told that none is left', buyerId] as [string, string]] : []),
        ...(isUsedUp || mayHaveChanged ? [] : [['"none is left" is true', buyerId] as [string, string]]),
      ];
    });
}

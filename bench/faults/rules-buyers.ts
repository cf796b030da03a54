import type { SaleEvidence } from './check.ts';
import { isGranted, isUnknown, mayBeForgotten } from './history.ts';
import { unitsOf, type Violation } from './truth.ts';

/** No buyer has more than the sale allows, and Redis counts what each has bought. */
export function buyerRules({ sale, byHold, losses }: SaleEvidence): Violation[] {
  const bought = new Map<string, { all: number; undone: number }>();
  for (const { buyerId, holdId, lines } of sale.orders) {
    const his = bought.get(buyerId) ?? { all: 0, undone: 0 };
    his.all += unitsOf(lines);
    // A hold that was given back and whose release Redis forgot may live again beside what was bought since; nothing else may.
    const wasUndone = (byHold.get(holdId) ?? []).some(
      (request) =>
        request.kind === 'release' && (isGranted(request) || isUnknown(request)) && mayBeForgotten(request, losses),
    );
    if (wasUndone) his.undone += unitsOf(lines);
    bought.set(buyerId, his);
  }
  const counted = new Map(sale.boughtInRedis.map((buyer) => [buyer.buyerId, buyer]));
  return [...new Set([...bought.keys(), ...counted.keys()])].flatMap((buyerId) => {
    const { all, undone } = bought.get(buyerId) ?? { all: 0, undone: 0 };
    const inRedis = counted.get(buyerId) ?? { held: 0, bought: 0 };
    const violation = (rule: string, text: string): Violation => ({
      rule,
      text,
      about: { buyerId, subject: sale.saleId },
    });
    const violations: Violation[] = [];
    if (all - undone > sale.buyerTicketsMax) {
      violations.push(violation('no buyer is above the limit', `${all} bought, ${sale.buyerTicketsMax} allowed`));
    }
    if (inRedis.bought !== all || inRedis.held !== 0) {
      const text = `${inRedis.held} held and ${inRedis.bought} bought in Redis, ${all} bought in MySQL`;
      violations.push(violation('Redis counts what a buyer has bought', text));
    }
    return violations;
  });
}

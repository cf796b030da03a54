import type { SaleEvidence } from './check.ts';
import { isAfterLoss, isGranted, isUnknown, mayBeForgotten, type Request } from './history.ts';
import type { Violation } from './truth.ts';

/** How far the clocks of two processes on one machine may seem to be apart. */
const clockMs = 50;

/** What became of holds: one outcome each, alike in both stores, and replays that say the same. */
export function holdRules(evidence: SaleEvidence): Violation[] {
  return [...outcomeRules(evidence), ...replayRules(evidence), ...goneTooSoonRules(evidence)];
}

function outcomeRules({ sale, losses }: SaleEvidence): Violation[] {
  const orders = new Map<string, string[]>();
  for (const { holdId, orderId } of sale.orders) orders.set(holdId, [...(orders.get(holdId) ?? []), orderId]);
  const outcomes = new Map(sale.outcomes.map((outcome) => [outcome.holdId, outcome]));
  const statuses = new Map(sale.holds.map((hold) => [hold.holdId, hold.status]));
  const violations: Violation[] = [];
  const must = (holds: boolean, rule: string, holdId: string, text: string) => {
    if (!holds) violations.push({ rule, text, about: { holdId, subject: sale.saleId } });
  };
  for (const holdId of new Set([...orders.keys(), ...outcomes.keys(), ...statuses.keys()])) {
    const his = orders.get(holdId) ?? [];
    const outcome = outcomes.get(holdId);
    const status = statuses.get(holdId) ?? 'unknown';
    const told = `${his.length} orders, outcome ${outcome?.outcome ?? 'none'}, in Redis ${status}`;
    must(his.length <= 1, 'a hold has one order', holdId, told);
    must(
      (outcome?.outcome === 'sold') === his.length > 0,
      'an order has an outcome, and "sold" an order',
      holdId,
      told,
    );
    must(
      his.every((orderId) => orderId === outcome?.orderId),
      'an outcome names its order',
      holdId,
      told,
    );
    must((status === 'sold') === his.length > 0, 'a hold is sold in Redis when it has an order', holdId, told);
    must(status !== 'held' && status !== 'confirming', 'no hold is live at rest', holdId, told);
    // A hold that Redis forgot may be void in MySQL alone: that is asked whenever its token comes.
    const isOver = status === 'expired' || (status === 'unknown' && losses.length > 0);
    must(outcome?.outcome !== 'void' || isOver, 'a void hold is over in Redis', holdId, told);
  }
  return violations;
}

/** One key is one hold, with one deadline while Redis has it; "201 Created" is said once. */
function replayRules({ history, losses, sale }: SaleEvidence): Violation[] {
  const byKey = new Map<string, Request[]>();
  for (const request of history) {
    if (request.kind !== 'reserve' || !isGranted(request)) continue;
    const name = request.key === null ? `${request.holdId}` : JSON.stringify([request.buyerId, request.key]);
    byKey.set(name, [...(byKey.get(name) ?? []), request]);
  }
  return [...byKey.values()].flatMap((grants) => {
    const [first] = grants as [Request, ...Request[]];
    const lasting = grants.filter((grant) => !mayBeForgotten(grant, losses));
    // Whatever was lost later, these were all answered by a Redis that had lost nothing.
    const early = grants.filter((grant) => !isAfterLoss(grant, losses));
    const distinct = (list: Request[], of: (request: Request) => unknown) =>
      new Set(list.map((request) => JSON.stringify(of(request)))).size;
    const about = { holdId: first.holdId ?? '', buyerId: first.buyerId, subject: sale.saleId };
    const rules: [string, boolean][] = [
      ['a key is one hold', distinct(grants, ({ holdId }) => holdId) === 1],
      ['a hold keeps its lines and its price', distinct(grants, ({ lines, totalMinor }) => [lines, totalMinor]) === 1],
      [
        'a hold that Redis kept keeps its deadline',
        distinct(lasting, deadlineOf) <= 1 && distinct(early, deadlineOf) <= 1,
      ],
      ['a hold that Redis kept is created once', created(lasting) <= 1 && created(early) <= 1],
      ['a hold without a key is granted once', first.key !== null || grants.length === 1],
    ];
    return rules.flatMap(([rule, holds]) =>
      holds ? [] : [{ rule, text: `${grants.length} grants of hold ${first.holdId}`, about }],
    );
  });
}

const deadlineOf = ({ expiresAt }: Request) => expiresAt;
const created = (grants: Request[]) => grants.filter(({ status }) => status === 201).length;

/** A token is good until its deadline, unless its buyer gave the hold back, or Redis lost it and nothing is left for it. */
function goneTooSoonRules({ byHold, epochMs, losses, sale }: SaleEvidence): Violation[] {
  return [...byHold].flatMap(([holdId, requests]) =>
    requests.flatMap((request) => {
      const before = requests.filter((other) => other.startMs <= request.endMs && other !== request);
      const wasReleased = before.some((other) => other.kind === 'release' && (isGranted(other) || isUnknown(other)));
      const about = { holdId, buyerId: request.buyerId, subject: sale.saleId };
      const violation = (rule: string, text: string): Violation[] => [{ rule, text, about }];
      if (request.word === 'hold_released' && !wasReleased) {
        return violation('nobody is told "released" who did not release', `${request.kind} was told so`);
      }
      const isConfirmOfLost = (other: Request) =>
        other.kind === 'confirm' && isAfterLoss(request, losses) && (isUnknown(other) || other.word === 'sold_out');
      if (request.word !== 'hold_expired' || wasReleased || before.some(isConfirmOfLost)) return [];
      const deadlines = requests.flatMap(({ expiresAt }) => (expiresAt === null ? [] : [Date.parse(expiresAt)]));
      const deadlineMs = request.expiresAt === null ? Math.min(...deadlines) : Date.parse(request.expiresAt);
      const answeredMs = epochMs + request.endMs;
      if (answeredMs >= deadlineMs - clockMs) return [];
      return violation(
        'nobody is told "expired" before the deadline',
        `${request.kind} was told so ${Math.round(deadlineMs - answeredMs)} ms too soon`,
      );
    }),
  );
}

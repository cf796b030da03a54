import { isGranted, type Loss, type Request } from './history.ts';
import { adminRules } from './rules-admin.ts';
import { answerRules } from './rules-answers.ts';
import { buyerRules } from './rules-buyers.ts';
import { couponRules } from './rules-coupons.ts';
import { holdRules } from './rules-holds.ts';
import { orderRules } from './rules-orders.ts';
import { stockRules } from './rules-stock.ts';
import type { CampaignTruth, SaleTruth, Violation } from './truth.ts';

/** What was seen from outside, and what both stores say at rest. */
export type Evidence = {
  history: readonly Request[];
  /** When Redis may have forgotten; empty for a fault that takes nothing from it. */
  losses: readonly Loss[];
  /** Milliseconds to add to a time of the history for Unix time. */
  epochMs: number;
  sales: readonly SaleTruth[];
  campaign: CampaignTruth;
};

/** The part of the evidence that is about one sale. */
export type SaleEvidence = Pick<Evidence, 'losses' | 'epochMs'> & {
  sale: SaleTruth;
  history: readonly Request[];
  /** Every request about a hold, in the order in which they were sent. */
  byHold: ReadonlyMap<string, Request[]>;
};

/** Holds the history against both stores. Nothing is asked, nothing is changed; what comes back must be nothing. */
export function check(evidence: Evidence): Violation[] {
  const { losses, epochMs } = evidence;
  const perSale = evidence.sales.flatMap((sale) => {
    const history = withHoldIds(evidence.history.filter((request) => request.subject === sale.saleId));
    const ofSale: SaleEvidence = { losses, epochMs, sale, history, byHold: groupByHold(history) };
    return [stockRules, holdRules, orderRules, buyerRules, adminRules].flatMap((rules) => rules(ofSale));
  });
  return [...answerRules(evidence), ...perSale, ...couponRules(evidence)];
}

/** A refused replay names no hold; its key does, once a hold was granted under it. */
function withHoldIds(history: readonly Request[]): Request[] {
  const nameOf = ({ buyerId, key }: Request) => JSON.stringify([buyerId, key]);
  const known = new Map<string, string>();
  for (const request of history) {
    if (request.kind === 'reserve' && request.key !== null && isGranted(request) && request.holdId !== null) {
      known.set(nameOf(request), request.holdId);
    }
  }
  return history.map((request) =>
    request.kind === 'reserve' && request.key !== null
      ? { ...request, holdId: request.holdId ?? known.get(nameOf(request)) ?? null }
      : request,
  );
}

function groupByHold(history: readonly Request[]): Map<string, Request[]> {
  const groups = new Map<string, Request[]>();
  for (const request of [...history].sort((a, b) => a.startMs - b.startMs)) {
    if (request.holdId === null) continue;
    groups.set(request.holdId, [...(groups.get(request.holdId) ?? []), request]);
  }
  return groups;
}

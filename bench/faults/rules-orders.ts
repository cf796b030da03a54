import type { SaleEvidence } from './check.ts';
import { isAfterLoss, isGranted, isUnknown, mayBeForgotten, type Request } from './history.ts';
import type { OrderTruth, Violation } from './truth.ts';

/** What buyers were told of their orders, against the orders. */
export function orderRules(evidence: SaleEvidence): Violation[] {
  const { sale, byHold } = evidence;
  const orders = new Map(sale.orders.map((order) => [order.holdId, order]));
  return [
    ...[...byHold].flatMap(([holdId, requests]) => {
      const order = orders.get(holdId);
      const found = [...promiseRules(requests, order), ...(order ? refusalRules(requests, evidence) : [])];
      const about = { holdId, buyerId: requests[0]?.buyerId ?? '', subject: sale.saleId };
      return found.map(([rule, text]) => ({ rule, text, about }));
    }),
    ...sale.orders.flatMap((order) => originRules(order, evidence)),
  ];
}

type Found = [rule: string, text: string];

/** Each order that was promised is there, and is the one that was promised. */
function promiseRules(requests: readonly Request[], order: OrderTruth | undefined): Found[] {
  const confirmed = requests.filter((request) => request.kind === 'confirm' && isGranted(request));
  const found: Found[] = [];
  for (const request of requests.filter(({ orderId }) => orderId !== null)) {
    const named = `${request.kind} was told of order ${request.orderId}`;
    if (order?.orderId !== request.orderId) {
      found.push(['every order that was told of is there', `${named}, MySQL has ${order?.orderId ?? 'none'}`]);
    }
  }
  for (const { orderId, buyerId, lines, totalMinor } of confirmed) {
    if (orderId === null) found.push(['a confirm names its order', 'a success came without an order']);
    if (
      order &&
      JSON.stringify([order.buyerId, order.lines, order.totalMinor]) !==
        JSON.stringify([buyerId, sorted(lines), totalMinor])
    ) {
      found.push(['an order is what was bought', JSON.stringify({ order, buyerId, lines, totalMinor })]);
    }
  }
  const created = confirmed.filter(({ status }) => status === 201).length;
  if (created > 1) found.push(['an order is created once', `201 was answered ${created} times`]);
  return found;
}

/** A hold with an order: nobody may have been told that it is gone, whenever that was. */
function refusalRules(requests: readonly Request[], { losses }: SaleEvidence): Found[] {
  const granted = requests.filter((request) => request.kind === 'confirm' && isGranted(request));
  const mayBeUndone = requests.some(
    (request) =>
      request.kind === 'release' && (isGranted(request) || isUnknown(request)) && mayBeForgotten(request, losses),
  );
  return requests.filter(saysGone).flatMap((request): Found[] => {
    const text = `${request.kind} was told "${request.word}", and there is an order`;
    if (granted.some((confirm) => confirm.endMs < request.startMs)) {
      return [['nobody who was told of an order is told later that it is gone', text]];
    }
    // Want of tickets and the limit are no words about a lost hold: tickets come back, and whoever asks again with the same token,
    // or had not been answered yet, may have it.
    const isNoEnd = request.word === 'limit_reached' || request.word === 'sold_out';
    const asksAgain = (other: Request) =>
      other.kind === 'confirm' && other.endMs > request.startMs && (isGranted(other) || isUnknown(other));
    if (isNoEnd && isAfterLoss(request, losses) && requests.some(asksAgain)) return [];
    const isRelease = request.word === 'released' || request.word === 'hold_released';
    if (isRelease && mayBeUndone) return [];
    // A key that was used again after everything was lost is a new promise under the old id, with a deadline of its own.
    const isOldToken =
      granted.length > 0 && granted.every((confirm) => confirm.expiresAt !== tokenOf(request, requests));
    if (request.word === 'hold_expired' && isAfterLoss(request, losses) && isOldToken) return [];
    return [['no order for a buyer who was told no', text]];
  });
}

const goneWords = ['hold_expired', 'hold_released', 'sold_out', 'limit_reached'];

function saysGone({ kind, word }: Request): boolean {
  if (kind === 'release') return word === 'released' || word === 'hold_expired';
  if (kind === 'reserve') return word === 'hold_expired' || word === 'hold_released';
  return kind === 'confirm' && goneWords.includes(word);
}

/** The deadline that a refusal is about: a refused replay of a reserve means the one that was granted last before. */
function tokenOf(request: Request, requests: readonly Request[]): string | null {
  if (request.kind !== 'reserve') return request.expiresAt;
  const granted = requests.filter((other) => isGranted(other) && other.endMs <= request.startMs);
  return granted.at(-1)?.expiresAt ?? null;
}

/** Every order was asked for, by the buyer to whom its hold was granted. */
function originRules(order: OrderTruth, { sale, byHold }: SaleEvidence): Violation[] {
  const requests = byHold.get(order.holdId) ?? [];
  const same = (request: Request) =>
    request.buyerId === order.buyerId && JSON.stringify(sorted(request.lines)) === JSON.stringify(order.lines);
  const wasGranted = requests.some((request) => request.kind === 'reserve' && isGranted(request) && same(request));
  const wasAsked = requests.some((request) => request.kind === 'confirm' && request.buyerId === order.buyerId);
  const total = order.lines.reduce((sum, { ticketTypeId, quantity }) => {
    const price = sale.types.find((type) => type.ticketTypeId === ticketTypeId)?.priceMinor ?? Number.NaN;
    return sum + price * quantity;
  }, 0);
  const rules: Found[] = [
    ...(wasGranted
      ? []
      : [['an order belongs to a hold that was granted to its buyer', JSON.stringify(order)] as Found]),
    ...(wasAsked ? [] : [['an order was asked for by its buyer', JSON.stringify(order)] as Found]),
    ...(total === order.totalMinor ? [] : [['an order costs what its tickets cost', JSON.stringify(order)] as Found]),
  ];
  const about = { holdId: order.holdId, buyerId: order.buyerId, subject: sale.saleId };
  return rules.map(([rule, text]) => ({ rule, text, about }));
}

function sorted(lines: Request['lines']): Request['lines'] {
  return [...(lines ?? [])].sort((a, b) => (a.ticketTypeId < b.ticketTypeId ? -1 : 1));
}

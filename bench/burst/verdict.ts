import type { Order, Stock } from './admin.ts';
import type { Counts } from './tally.ts';

/** What was seen from outside, and what the books say afterwards. */
export type Evidence = {
  buyers: number;
  tickets: number;
  reserves: Counts;
  confirms: Counts;
  /** As the answers named them. */
  holdIds: string[];
  orderIds: string[];
  stock: Stock;
  orders: Order[];
  /** Holds whose confirm has not come to an end. */
  confirming: number;
};

/** One rule of the verdict; `numbers` are those that it was judged by. */
export type Rule = { rule: string; ok: boolean; numbers: string };

const held = '201 held';
const confirmed = '201 confirmed';
const refusals = ['409 sold_out', '409 all_held'];
/** Not answered, or answered in a way that leaves open whether it was done. */
const unknowns = ['timeout', 'connection lost', '503 unavailable'];

/** Judges a burst in which nothing could lapse or be given back. Every rule is reported, broken or not. */
export function judge(evidence: Evidence): Rule[] {
  const { stock } = evidence;
  const sold = unitsOf(evidence.orders);
  return [
    ...answerRules(evidence),
    ...holdRules(evidence),
    ...orderRules(evidence),
    {
      rule: 'capacity = available + held + sold in Redis',
      ok:
        stock.capacity === evidence.tickets &&
        stock.available + stock.held + stock.sold === stock.capacity &&
        Math.min(stock.available, stock.held, stock.sold) >= 0,
      numbers: `${stock.capacity} = ${stock.available} + ${stock.held} + ${stock.sold}, ${evidence.tickets} were put on sale`,
    },
    {
      rule: 'sold in Redis = sold in MySQL',
      ok: stock.sold === stock.soldInMysql && stock.sold === sold && stock.capacityInMysql === stock.capacity,
      numbers: `${stock.sold} in Redis, ${stock.soldInMysql} in MySQL, ${sold} in its orders`,
    },
    {
      // Without a word of MySQL's, and with the deadline ahead, a hold is left to its buyer's repeat; nobody repeats here.
      rule: 'no confirm that was answered is left half-way',
      ok: evidence.confirming <= unknownOf(evidence.confirms),
      numbers: `${evidence.confirming} holds are confirming, ${unknownOf(evidence.confirms)} unknown`,
    },
  ];
}

/** How many of these requests were left without a definite answer. */
export function unknownOf(counts: Counts): number {
  return sum(unknowns.map((outcome) => counts[outcome]));
}

function answerRules({ buyers, reserves, confirms }: Evidence): Rule[] {
  const pressed = sum(Object.values(reserves));
  const strange = [
    ...Object.entries(reserves).filter(([outcome]) => ![held, ...refusals, ...unknowns].includes(outcome)),
    ...Object.entries(confirms).filter(([outcome]) => ![confirmed, ...unknowns].includes(outcome)),
  ];
  return [
    {
      rule: 'every buyer pressed once, and the engine answered',
      ok: pressed === buyers && unknownOf(reserves) < buyers,
      numbers: `${pressed} of ${buyers}, ${unknownOf(reserves)} unknown`,
    },
    {
      rule: 'no answer but those a burst may get',
      ok: strange.length === 0,
      numbers: strange.map(([outcome, count]) => `${count} × ${outcome}`).join(', ') || 'none',
    },
  ];
}

function holdRules({ buyers, tickets, reserves, holdIds, stock }: Evidence): Rule[] {
  const granted = reserves[held] ?? 0;
  const unknown = unknownOf(reserves);
  const taken = stock.held + stock.sold;
  const refused = sum(refusals.map((outcome) => reserves[outcome]));
  // Whoever was refused was told that nothing is left, so then everything has to be taken.
  const demand = refused > 0 ? tickets : Math.min(tickets, buyers - unknown);
  const distinct = new Set(holdIds).size;
  return [
    { rule: 'holds granted ≤ tickets', ok: granted <= tickets, numbers: `${granted} ≤ ${tickets}` },
    {
      rule: 'every ticket was taken while there was demand',
      ok: taken >= demand,
      numbers: `${taken} taken of ${tickets}, ${refused} refused`,
    },
    {
      rule: 'holds granted = held + sold in Redis',
      ok: distinct === granted && granted <= taken && taken <= granted + unknown,
      numbers: `${granted} ≤ ${taken} ≤ ${granted + unknown}, ${unknown} unknown, ${distinct} distinct`,
    },
  ];
}

function orderRules({ confirms, orderIds, orders, holdIds, reserves }: Evidence): Rule[] {
  const answered = confirms[confirmed] ?? 0;
  const unknown = unknownOf(confirms);
  const stored = new Set(orders.map((order) => order.orderId));
  const promised = new Set(orderIds);
  const missing = [...promised].filter((orderId) => !stored.has(orderId)).length + answered - promised.size;
  const granted = new Set(holdIds);
  const strangers = orders.filter((order) => !granted.has(order.holdId)).length;
  const doubled = orders.length - Math.min(distinct(orders, 'holdId'), distinct(orders, 'buyerId'));
  return [
    {
      rule: 'confirms answered 201 ≤ orders in MySQL ≤ those plus the unknown',
      ok: answered <= orders.length && orders.length <= answered + unknown,
      numbers: `${answered} ≤ ${orders.length} ≤ ${answered + unknown}, ${unknown} unknown`,
    },
    {
      rule: 'each order that was promised is there, each hold and buyer has one at most',
      ok: missing === 0 && doubled === 0 && (strangers === 0 || unknownOf(reserves) > 0),
      numbers: `${missing} missing, ${doubled} doubled, ${strangers} of holds that nobody was granted`,
    },
  ];
}

function distinct(orders: Order[], key: 'holdId' | 'buyerId'): number {
  return new Set(orders.map((order) => order[key])).size;
}

function unitsOf(orders: Order[]): number {
  return sum(orders.flatMap((order) => order.lines.map((line) => line.quantity)));
}

function sum(numbers: (number | undefined)[]): number {
  return numbers.reduce<number>((total, number) => total + (number ?? 0), 0);
}

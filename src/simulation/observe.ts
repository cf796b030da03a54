import type { Connection, RowDataPacket } from 'mysql2/promise';
import type { Line } from '../domain/hold.ts';
import { type HoldRecord, unpackHold } from '../redis/hold-record.ts';
import { type SaleState, stateOf } from '../testing/redis-state.ts';
import type { Real } from './run-state.ts';

type OrderRow = { orderId: string; holdId: string; buyerId: string; lines: Line[]; hasEvent: boolean };
type TypeRow = { ticketTypeId: string; capacity: number; sold: number; epoch: number; ledger: number };
type CountsRow = { ticketTypeId: string; capacity: number; available: number; held: number; sold: number };

/** Everything that both stores say of one sale. */
export type Observed = {
  redis: SaleState;
  holds: HoldRecord[];
  counts: CountsRow[];
  /** By buyer: what live holds in Redis claim, and what orders in MySQL have bought. */
  buyers: Map<string, { held: number; bought: number }>;
  sale: RowDataPacket;
  inMysql: TypeRow[];
  /** By hold: `void`, or the id of its order. */
  outcomes: Map<string, string>;
  decidedAtMs: Map<string, number>;
  orders: OrderRow[];
  /** How many reserves the engines have answered from memory until now. */
  recalls: number;
};

const question = `
  select * from sales where id = ?;
  select t.id as ticketTypeId, t.capacity, t.sold, t.epoch,
    (select coalesce(sum(m.quantity), 0) from stock_movements m where m.sale_id = t.sale_id and m.ticket_type_id = t.id)
      as ledger
    from ticket_types t where t.sale_id = ? order by t.id;
  select hold_id as holdId, outcome, order_id as orderId, created_at_ms as createdAtMs from hold_outcomes where sale_id = ?;
  select o.id as orderId, o.hold_id as holdId, o.buyer_id as buyerId, l.ticket_type_id as ticketTypeId, l.quantity,
    exists (select 1 from outbox_events e where e.event_id = concat(o.id, '.confirmed')) as hasEvent
    from orders o left join order_lines l on l.order_id = o.id where o.sale_id = ? order by o.id, l.ticket_type_id`;

/** Reads both stores, one round trip each, while nothing else runs on the sale. */
export async function observe({ redis, look, engines }: Real, saleId: string): Promise<Observed> {
  const [state, [sales, types, decided, lines]] = await Promise.all([stateOf(redis, saleId), ask(look, saleId)]);
  const holds = [...state.holds].filter(([id]) => id !== '#').map(([id, packed]) => unpackHold(saleId, id, packed));
  const orders = ordersOf(lines);
  return {
    redis: state,
    holds,
    counts: countsOf(state),
    buyers: buyersOf(holds, orders),
    sale: sales[0] as RowDataPacket,
    inMysql: types as unknown as TypeRow[],
    outcomes: new Map(decided.map((row) => [row['holdId'], row['orderId'] ?? row['outcome']])),
    decidedAtMs: new Map(decided.map((row) => [row['holdId'], row['createdAtMs']])),
    orders,
    recalls: await recallsOf(engines),
  };
}

/** How many reserves these engines have answered from memory. */
export async function recallsOf(engines: Real['engines']): Promise<number> {
  const counters = await Promise.all(engines.map(({ metrics }) => metrics.refusedFromMemory.get()));
  return counters.flatMap(({ values }) => values).reduce((sum, { value }) => sum + value, 0);
}

type Answer = [RowDataPacket[], RowDataPacket[], RowDataPacket[], RowDataPacket[]];

async function ask(look: Connection, saleId: string): Promise<Answer> {
  const [answer] = await look.query(question, [saleId, saleId, saleId, saleId]);
  return answer as unknown as Answer;
}

function countsOf({ sale }: SaleState): CountsRow[] {
  return [...sale.keys()]
    .filter((field) => field.startsWith('capacity:'))
    .map((field) => {
      const ticketTypeId = field.slice('capacity:'.length);
      const count = (name: string) => Number(sale.get(`${name}:${ticketTypeId}`));
      const [capacity, available] = [count('capacity'), count('available')];
      return { ticketTypeId, capacity, available, held: count('held'), sold: count('sold') };
    });
}

function ordersOf(rows: RowDataPacket[]): OrderRow[] {
  const orders = new Map<string, OrderRow>();
  for (const row of rows) {
    const { orderId, holdId, ticketTypeId, quantity, hasEvent } = row as OrderLineRow;
    const buyerId = row['buyerId'].toString();
    const order: OrderRow = orders.get(orderId) ?? { orderId, holdId, buyerId, lines: [], hasEvent: hasEvent === 1 };
    if (ticketTypeId !== null) order.lines.push({ ticketTypeId, quantity });
    orders.set(orderId, order);
  }
  return [...orders.values()];
}

type OrderLineRow = RowDataPacket & {
  orderId: string;
  holdId: string;
  ticketTypeId: string | null;
  quantity: number;
  hasEvent: number;
};

function buyersOf(holds: HoldRecord[], orders: OrderRow[]): Observed['buyers'] {
  const buyers: Observed['buyers'] = new Map();
  const of = (buyerId: string) => {
    const record = buyers.get(buyerId) ?? { held: 0, bought: 0 };
    buyers.set(buyerId, record);
    return record;
  };
  const bought = new Set(orders.map((order) => order.holdId));
  for (const { buyerId, lines } of orders) for (const { quantity } of lines) of(buyerId).bought += quantity;
  for (const { holdId, buyerId, lines, status } of holds) {
    // A confirm that has committed and not finished is counted as bought.
    const isHeld = (status === 'held' || status === 'confirming') && !bought.has(holdId);
    for (const { quantity } of isHeld ? lines : []) of(buyerId).held += quantity;
  }
  return buyers;
}

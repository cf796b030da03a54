import type { HoldStatus, Line } from '../../domain/hold.ts';
import type { Memory } from './memory.ts';

/** What of the engine's configuration the rules depend on; the engines under test are opened with the same figures. */
export const timing = {
  leaseMs: 5000,
  graceMs: 10_000,
  graceMaxMs: 60_000,
  keyedMemoryMs: 86_400_000,
  memoryMs: 600_000,
  /** How soon recovery looks again at a hold that it could not decide. */
  lookAgainMs: 1000,
  /** How long after its end, and all grace, a sale without live holds is settled. */
  settleMs: 60_000,
  /** How long a process repeats a shortage. */
  shortageMemoryMs: 50,
};

/** The first millisecond of every run. Far from the real clock, so that a time that was not steered cannot look right. */
export const firstMs = 4_102_444_800_000;

export type Rules = {
  opensAtMs: number;
  closesAtMs: number | null;
  holdTtlMs: number;
  buyerTicketsMax: number;
  orderTicketsMax: number | null;
};

/** A hold as Redis has to remember it. `forgetAtMs` is set when it has ended and will be forgotten. */
export type HoldModel = {
  holdId: string;
  buyerId: string;
  lines: Line[];
  status: HoldStatus;
  placedAtMs: number;
  expiresAtMs: number;
  deadlineMs: number;
  keyed: boolean;
  attempts: string[];
  leaseUntilMs: number;
  forgetAtMs: number | null;
  /** Its times were taken from MySQL by a rebuild, so they are learned when they are first seen. */
  timesFromMysql: boolean;
};

export type OrderModel = { orderId: string; holdId: string; buyerId: string; lines: Line[] };

/** What one store believes of a sale's rules; the two differ between the halves of an admin operation. */
type Believed = {
  version: number;
  rules: Rules;
  paused: boolean;
  closed: boolean;
  capacity: Map<string, number>;
};

export type SaleModel = {
  saleId: string;
  /** Null from a rebuild on until the new one was seen: it only has to be higher. */
  epoch: number | null;
  epochSeen: number;
  mysql: Believed & { orders: Map<string, OrderModel>; voids: Set<string>; settled: boolean };
  /** `drift` is what a fault has added to available without telling anybody. */
  redis: Believed & { holds: Map<string, HoldModel>; drift: Map<string, number>; finishes: number };
  /** What remembered admin requests answer, by Idempotency-Key. */
  adminRequests: Map<string, { request: string; outcome: unknown }>;
};

/** `memories` are the processes' own, one each; `recalls` counts the answers from them, by word. */
export type World = { nowMs: number; sales: Map<string, SaleModel>; memories: Memory[]; recalls: Map<string, number> };

/** An operation of the oracle: it yields wherever another one may come in between. */
export type Steps<T> = Generator<void, T, void>;

/** What is expected: the outcome's word and the members that the rules determine. */
export type Expected = { status: string } & Record<string, unknown>;

/** How many tickets these lines are. */
export function unitsOf(lines: readonly Line[]): number {
  return lines.reduce((units, line) => units + line.quantity, 0);
}

/** A passed deadline is expired, swept or not. */
export function isLapsed(hold: HoldModel, nowMs: number): boolean {
  return hold.status === 'held' && hold.deadlineMs <= nowMs;
}

/** Whether the hold claims tickets at this moment. */
export function isLive(hold: HoldModel, nowMs: number): boolean {
  return hold.status === 'confirming' || (hold.status === 'held' && !isLapsed(hold, nowMs));
}

export type Counts = { available: number; held: number; sold: number };

/** The counts of a ticket type by the conservation law, from those holds that count as held. */
function countsWhere(sale: SaleModel, ticketTypeId: string, isHeld: (hold: HoldModel) => boolean): Counts {
  let held = 0;
  let sold = 0;
  for (const hold of sale.redis.holds.values()) {
    const quantity = hold.lines.find((line) => line.ticketTypeId === ticketTypeId)?.quantity ?? 0;
    if (hold.status === 'sold') sold += quantity;
    else if (isHeld(hold)) held += quantity;
  }
  const { capacity, drift } = sale.redis;
  return { available: (capacity.get(ticketTypeId) ?? 0) + (drift.get(ticketTypeId) ?? 0) - held - sold, held, sold };
}

/** What buyers may still get: a passed deadline gives back at once. */
export function countsForBuyers(world: World, sale: SaleModel, ticketTypeId: string): Counts {
  return countsWhere(sale, ticketTypeId, (hold) => isLive(hold, world.nowMs));
}

/** What the counters say: a lapsed hold counts until somebody sweeps it. */
export function countsInRedis(sale: SaleModel, ticketTypeId: string): Counts {
  return countsWhere(sale, ticketTypeId, (hold) => hold.status === 'held' || hold.status === 'confirming');
}

/** What a buyer holds and has bought as Redis knows it. */
export function recordOf(world: World, sale: SaleModel, buyerId: string): { held: number; bought: number } {
  const his = [...sale.redis.holds.values()].filter((hold) => hold.buyerId === buyerId);
  const sum = (holds: HoldModel[]) => holds.reduce((units, hold) => units + unitsOf(hold.lines), 0);
  return {
    held: sum(his.filter((hold) => isLive(hold, world.nowMs))),
    bought: sum(his.filter((hold) => hold.status === 'sold')),
  };
}

/** Tickets of a type that MySQL has sold. */
export function soldInMysql(sale: SaleModel, ticketTypeId: string): number {
  let sold = 0;
  for (const order of sale.mysql.orders.values()) {
    sold += order.lines.find((line) => line.ticketTypeId === ticketTypeId)?.quantity ?? 0;
  }
  return sold;
}

/** Ends a live hold: its tickets go back by the counts being derived, and its id is remembered for a while. */
export function end(world: World, hold: HoldModel, status: 'released' | 'expired'): void {
  hold.status = status;
  hold.attempts = [];
  hold.forgetAtMs = Math.max(world.nowMs, hold.expiresAtMs) + (hold.keyed ? timing.keyedMemoryMs : timing.memoryMs);
}

/** MySQL's decision against a hold, unless it has decided already: whoever writes first decides for ever. */
export function decideAgainst(sale: SaleModel, holdId: string): 'void' | 'sold' {
  if (sale.mysql.orders.has(holdId)) return 'sold';
  sale.mysql.voids.add(holdId);
  return 'void';
}

/** Redis is told of a void: what is live goes back, and an unknown id is remembered so that it never lives again. */
export function giveBackVoid(world: World, sale: SaleModel, holdId: string): void {
  const hold = sale.redis.holds.get(holdId);
  if (hold?.status === 'held' || hold?.status === 'confirming') end(world, hold, 'expired');
  if (hold) return;
  sale.redis.holds.set(holdId, {
    ...blankHold(holdId, world.nowMs),
    keyed: true,
    forgetAtMs: world.nowMs + timing.keyedMemoryMs,
  });
}

/** An expired hold of nobody, as a void outcome is remembered: MySQL names neither buyer nor lines. */
export function blankHold(holdId: string, atMs: number): HoldModel {
  return {
    holdId,
    buyerId: '',
    lines: [],
    status: 'expired',
    placedAtMs: atMs,
    expiresAtMs: atMs,
    deadlineMs: atMs,
    keyed: false,
    attempts: [],
    leaseUntilMs: 0,
    forgetAtMs: null,
    timesFromMysql: false,
  };
}

/** Redis is told of an order. It never refuses: the units come from wherever they are, and the hold is sold for ever. */
export function finish(
  sale: SaleModel,
  order: OrderModel,
  times: { placedAtMs: number; expiresAtMs: number },
): 'already' | 'sold' | 'debited' {
  const known = sale.redis.holds.get(order.holdId);
  if (known?.status === 'sold') return 'already';
  const word = known?.status === 'held' || known?.status === 'confirming' ? 'sold' : 'debited';
  const hold = known ?? {
    ...blankHold(order.holdId, times.expiresAtMs),
    placedAtMs: times.placedAtMs,
    buyerId: order.buyerId,
    lines: order.lines,
  };
  hold.status = 'sold';
  hold.attempts = [];
  hold.forgetAtMs = null;
  sale.redis.holds.set(order.holdId, hold);
  sale.redis.finishes += 1;
  return word;
}

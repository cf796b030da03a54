import type { Line } from '../../domain/hold.ts';
import {
  blankHold,
  countsForBuyers,
  type Expected,
  type HoldModel,
  isLapsed,
  recordOf,
  type SaleModel,
  type Steps,
  unitsOf,
  type World,
} from './world.ts';

/** What the token of a hold says. */
export type Receipt = { holdId: string; buyerId: string; lines: Line[]; placedAtMs: number; expiresAtMs: number };

type Placing = { holdId: string; buyerId: string; lines: Line[]; keyed: boolean; receipt?: Receipt };

/** All lines or none: gate, ticket types, limits, stock, in the order of the contract. A receipt passes the gate. */
export function place(world: World, sale: SaleModel, placing: Placing): Expected | 'placed' {
  const refused =
    (placing.receipt ? null : gate(world, sale)) ??
    unknownTypes(sale, placing.lines) ??
    overLimit(world, sale, placing) ??
    shortage(world, sale, placing.lines);
  if (refused) return refused;
  const { holdId, buyerId, lines, keyed, receipt } = placing;
  const placedAtMs = receipt?.placedAtMs ?? world.nowMs;
  const expiresAtMs = receipt?.expiresAtMs ?? world.nowMs + sale.redis.rules.holdTtlMs;
  sale.redis.holds.set(holdId, {
    ...blankHold(holdId, expiresAtMs),
    ...{ buyerId, lines, keyed, placedAtMs, status: 'held' },
  });
  return 'placed';
}

function gate({ nowMs }: World, { redis }: SaleModel): Expected | null {
  const { opensAtMs, closesAtMs } = redis.rules;
  if (redis.closed || (closesAtMs !== null && closesAtMs <= nowMs && opensAtMs <= nowMs)) {
    return { status: 'sale_closed' };
  }
  if (nowMs < opensAtMs) return { status: 'sale_not_open', opensAtMs };
  return redis.paused ? { status: 'sale_paused' } : null;
}

function unknownTypes({ redis }: SaleModel, lines: Line[]): Expected | null {
  const ticketTypeIds = lines.map((line) => line.ticketTypeId).filter((id) => !redis.capacity.has(id));
  return ticketTypeIds.length > 0 ? { status: 'ticket_type_not_found', ticketTypeIds } : null;
}

function overLimit(world: World, sale: SaleModel, { buyerId, lines, receipt }: Placing): Expected | null {
  const { buyerTicketsMax, orderTicketsMax } = sale.redis.rules;
  const record = recordOf(world, sale, buyerId);
  const units = unitsOf(lines);
  const perOrder = orderTicketsMax ?? buyerTicketsMax;
  if (!receipt && units > perOrder) return { status: 'limit_reached', scope: 'order', limit: perOrder, ...record };
  if (record.held + record.bought + units <= buyerTicketsMax) return null;
  return { status: 'limit_reached', scope: 'buyer', limit: buyerTicketsMax, ...record };
}

function shortage(world: World, sale: SaleModel, lines: Line[]): Expected | null {
  const lacking = (isEnough: (available: number, held: number, quantity: number) => boolean) =>
    lines
      .filter(({ ticketTypeId, quantity }) => {
        const { available, held } = countsForBuyers(world, sale, ticketTypeId);
        return !isEnough(available, held, quantity);
      })
      .map((line) => line.ticketTypeId);
  const soldOut = lacking((available, held, quantity) => quantity <= available + held);
  if (soldOut.length > 0) return { status: 'sold_out', ticketTypeIds: soldOut };
  const allHeld = lacking((available, _held, quantity) => quantity <= available);
  if (allHeld.length === 0) return null;
  const deadlines = [...sale.redis.holds.values()]
    .filter((hold) => hold.status === 'held' && !isLapsed(hold, world.nowMs))
    .map((hold) => hold.deadlineMs);
  const retryAfterMs = deadlines.length > 0 ? Math.min(...deadlines) - world.nowMs : 0;
  return { status: 'all_held', ticketTypeIds: allHeld, retryAfterMs };
}

/** The same Idempotency-Key again: never a second hold, and an order wins over whatever became of the first. */
export function* replayOfReserve(world: World, sale: SaleModel, known: HoldModel, lines: Line[]): Steps<Expected> {
  const { holdId, placedAtMs, expiresAtMs } = known;
  if (known.lines.length > 0 && textOf(known.lines) !== textOf(lines)) return { status: 'idempotency_mismatch' };
  if (known.status === 'released') return { status: 'hold_released' };
  const first = { status: 'held', replayed: true, holdId, lines: known.lines, placedAtMs, expiresAtMs };
  if (known.status !== 'expired' && !isLapsed(known, world.nowMs)) return first;
  yield;
  return sale.mysql.orders.has(holdId) ? first : { status: 'hold_expired' };
}

/** Lines as one text, to be compared. */
export function textOf(lines: Line[]): string {
  return lines.map((line) => `${line.ticketTypeId} ${line.quantity}`).join(', ');
}

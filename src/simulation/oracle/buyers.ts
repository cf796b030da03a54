import type { Line } from '../../domain/hold.ts';
import { resyncNow } from './admins.ts';
import { forget, learn, pageOf, recall } from './memory.ts';
import { place, type Receipt, replayOfReserve, textOf } from './placing.ts';
import {
  decideAgainst,
  type Expected,
  end,
  finish,
  giveBackVoid,
  type HoldModel,
  isLapsed,
  isLive,
  type OrderModel,
  type SaleModel,
  type Steps,
  soldInMysql,
  timing,
  unitsOf,
  type World,
} from './world.ts';

/**
 * What the oracle cannot know and takes from the answer, to be checked against everything that was answered before; `by` is the
 * process that was asked.
 */
type Hint = { holdId?: string; orderId?: string; by: number };

/** A reserve; `keyedId` is the id that its Idempotency-Key had before, if any. */
export function* reserve(
  world: World,
  sale: SaleModel,
  input: { buyerId: string; lines: Line[]; keyed: boolean; keyedId: string | undefined },
  { by, ...hint }: Hint,
): Steps<Expected> {
  const { lines } = input;
  const page = pageOf(world, sale.saleId, by);
  // A key may stand for a hold that is there already: only Redis knows.
  const known = input.keyed ? null : recall(world, page, lines);
  if (known) return known;
  yield;
  const outcome = yield* ask(world, sale, { ...input, holdId: input.keyedId ?? hint.holdId ?? 'a new hold' });
  if (outcome.status === 'sold_out' || outcome.status === 'all_held') learn(world, page, { lines, answer: outcome });
  return outcome;
}

function* ask(
  world: World,
  sale: SaleModel,
  input: { holdId: string; buyerId: string; lines: Line[]; keyed: boolean },
): Steps<Expected> {
  const { holdId } = input;
  const known = sale.redis.holds.get(holdId);
  if (known && input.keyed) return yield* replayOfReserve(world, sale, known, input.lines);
  const placed = place(world, sale, input);
  if (placed !== 'placed') return placed;
  const { placedAtMs, expiresAtMs } = sale.redis.holds.get(holdId) as HoldModel;
  return { status: 'held', replayed: false, holdId, lines: input.lines, placedAtMs, expiresAtMs };
}

type Begun = 'unknown' | 'sold' | 'released' | 'expired' | 'overdue' | 'begun';

/** One more open attempt on a live hold, before MySQL is touched. */
export function begin(world: World, sale: SaleModel, { holdId, lines }: Receipt, attempt: string): Begun {
  const hold = sale.redis.holds.get(holdId);
  if (!hold) return 'unknown';
  if (hold.status === 'sold' || hold.status === 'released' || hold.status === 'expired') return hold.status;
  // The id was promised anew with other lines after Redis had forgotten: this is not that promise.
  if (textOf(hold.lines) !== textOf(lines)) return 'expired';
  if (hold.status === 'confirming' && hold.expiresAtMs + timing.graceMaxMs <= world.nowMs) return 'overdue';
  if (isLapsed(hold, world.nowMs)) {
    end(world, hold, 'expired');
    return 'expired';
  }
  hold.status = 'confirming';
  hold.attempts.push(attempt);
  hold.leaseUntilMs = Math.max(hold.leaseUntilMs, world.nowMs + timing.leaseMs);
  return 'begun';
}

type Judged = { word: 'sold' | 'already_sold' | 'void' | 'refused' | 'fenced'; order?: OrderModel };

/** MySQL judges: the first outcome stands for ever, and its own capacity is the second, independent guard. */
export function commit(sale: SaleModel, draft: OrderModel, epoch: number | null): Judged {
  const existing = sale.mysql.orders.get(draft.holdId);
  if (existing) return { word: existing.orderId === draft.orderId ? 'sold' : 'already_sold', order: existing };
  if (sale.mysql.voids.has(draft.holdId)) return { word: 'void' };
  if (epoch !== sale.epoch) return { word: 'fenced' };
  if (!fitsInMysql(sale, draft)) {
    sale.mysql.voids.add(draft.holdId);
    return { word: 'refused' };
  }
  sale.mysql.orders.set(draft.holdId, draft);
  return { word: 'sold', order: draft };
}

function fitsInMysql(sale: SaleModel, { lines }: OrderModel): boolean {
  return lines.every(
    ({ ticketTypeId, quantity }) =>
      soldInMysql(sale, ticketTypeId) + quantity <= (sale.mysql.capacity.get(ticketTypeId) ?? 0),
  );
}

/** As `commit`, in two steps where the guard refuses: another confirm of the same hold may be refused before the void is written. */
function* judge(sale: SaleModel, draft: OrderModel): Steps<Judged> {
  const isDecided = sale.mysql.orders.has(draft.holdId) || sale.mysql.voids.has(draft.holdId);
  if (isDecided || fitsInMysql(sale, draft)) return commit(sale, draft, sale.epoch);
  yield;
  if (decideAgainst(sale, draft.holdId) === 'void') return { word: 'refused' };
  return commit(sale, draft, sale.epoch);
}

let attemptsMade = 0;

/** A confirm with a genuine token of its own buyer. */
export function* confirm(world: World, sale: SaleModel, receipt: Receipt, hint: Hint): Steps<Expected> {
  const { holdId, buyerId, lines } = receipt;
  attemptsMade += 1;
  const attempt = `confirm ${attemptsMade}`;
  const draft: OrderModel = { orderId: hint.orderId ?? 'a new order', holdId, buyerId, lines };
  for (;;) {
    const begun = begin(world, sale, receipt, attempt);
    if (begun === 'unknown') {
      const refused = yield* honour(world, sale, receipt, hint.by);
      if (refused) return refused;
      continue;
    }
    yield;
    if (begun !== 'begun') {
      if (begun === 'overdue' && decideAgainst(sale, holdId) === 'void') {
        yield;
        yield* voided(world, sale, holdId, hint.by);
        return { status: 'hold_expired' };
      }
      // It may have lapsed only now.
      if (begun === 'sold' || begun === 'expired') yield* forget(world, sale.saleId, hint.by);
      return yield* orderOr(sale, receipt, begun === 'released' ? 'hold_released' : 'hold_expired');
    }
    // Whoever wrote the order that is there already, it was not this confirm.
    const replayed = sale.mysql.orders.has(holdId);
    const judged = yield* judge(sale, draft);
    yield;
    if (judged.order) {
      finish(sale, judged.order, receipt);
      return confirmed(judged.order, replayed);
    }
    yield* voided(world, sale, holdId, hint.by);
    if (judged.word === 'void') return { status: 'hold_expired' };
    yield;
    resyncNow(sale);
    return { status: 'sold_out', ticketTypeIds: lines.map((line) => line.ticketTypeId) };
  }
}

/** A token whose hold Redis has forgotten is placed again under its id, or the reason why not. */
function* honour(world: World, sale: SaleModel, receipt: Receipt, by: number): Steps<Expected | null> {
  const { holdId } = receipt;
  yield;
  if (sale.mysql.voids.has(holdId)) {
    yield;
    yield* voided(world, sale, holdId, by);
    return { status: 'hold_expired' };
  }
  if (sale.mysql.orders.has(holdId)) return yield* orderOr(sale, receipt, 'hold_expired');
  yield;
  if (sale.redis.holds.has(holdId)) return null;
  if (receipt.expiresAtMs <= world.nowMs) return { status: 'hold_expired' };
  const placed = place(world, sale, { ...receipt, keyed: false, receipt });
  if (placed === 'placed') return null;
  if (placed.status === 'limit_reached') return placed;
  return { status: 'sold_out', ticketTypeIds: placed['ticketTypeIds'] };
}

/** "Gone" is said only after MySQL was asked: an order wins, and Redis is told of it. */
function* orderOr(sale: SaleModel, receipt: Receipt, gone: string): Steps<Expected> {
  const order = sale.mysql.orders.get(receipt.holdId);
  if (!order) return { status: gone };
  yield;
  finish(sale, order, receipt);
  return confirmed(order, true);
}

function* voided(world: World, sale: SaleModel, holdId: string, by: number): Steps<void> {
  giveBackVoid(world, sale, holdId);
  yield* forget(world, sale.saleId, by);
}

function confirmed({ orderId, holdId, buyerId, lines }: OrderModel, replayed: boolean): Expected {
  return { status: 'confirmed', replayed, orderId, holdId, buyerId, lines };
}

/** A release with a genuine token of its own buyer. */
export function* release(world: World, sale: SaleModel, receipt: Receipt, by: number): Steps<Expected> {
  const { holdId } = receipt;
  const outcome = yield* releaseById(world, sale, { holdId, lines: receipt.lines, by });
  if (outcome.status !== 'hold_not_found') return outcome;
  if (receipt.expiresAtMs + timing.memoryMs <= world.nowMs) return { status: 'hold_expired' };
  yield;
  // It could still be honoured, and a confirm may be on its way: MySQL decides.
  if (decideAgainst(sale, holdId) === 'sold') {
    return { status: 'already_confirmed', orderId: sale.mysql.orders.get(holdId)?.orderId };
  }
  yield;
  yield* voided(world, sale, holdId, by);
  if (receipt.expiresAtMs <= world.nowMs) return { status: 'hold_expired' };
  return { status: 'released', holdId, replayed: false };
}

/** A release by id, as an admin does it too. */
export function* releaseById(
  world: World,
  sale: SaleModel,
  { holdId, lines = null, by }: { holdId: string; lines?: Line[] | null; by: number },
): Steps<Expected> {
  const known = sale.redis.holds.get(holdId);
  if (known?.status === 'released') {
    yield* forget(world, sale.saleId, by);
    return { status: 'released', holdId, replayed: true };
  }
  // A newer promise under the same id is not what this token gives back.
  const isOther = known !== undefined && lines !== null && textOf(known.lines) !== textOf(lines);
  const hold = isOther ? undefined : known;
  if (hold?.status === 'confirming') return { status: 'confirm_in_progress', retryAfterMs: 1000 };
  if (hold?.status === 'held') {
    const lapsed = isLapsed(hold, world.nowMs);
    end(world, hold, lapsed ? 'expired' : 'released');
    if (!lapsed) {
      yield* forget(world, sale.saleId, by);
      return { status: 'released', holdId, replayed: false };
    }
  }
  // It may have lapsed only now.
  if (isOther || hold?.status === 'expired') yield* forget(world, sale.saleId, by);
  yield;
  const order = sale.mysql.orders.get(holdId);
  if (order) return { status: 'already_confirmed', orderId: order.orderId };
  if (!known && !sale.mysql.voids.has(holdId)) return { status: 'hold_not_found' };
  if (!known) {
    yield;
    yield* voided(world, sale, holdId, by);
  }
  return { status: 'hold_expired' };
}

/** The buyer's live holds of one sale; a sale that is settled has none to show. */
export function listOwn(world: World, sale: SaleModel, buyerId: string): Expected {
  const holds = [...sale.redis.holds.values()]
    .filter((hold) => !sale.mysql.settled && hold.buyerId === buyerId && isLive(hold, world.nowMs))
    .map(({ holdId, status, deadlineMs, lines }) => ({
      holdId,
      status,
      expiresAtMs: deadlineMs,
      units: unitsOf(lines),
    }))
    .sort((a, b) => (a.holdId < b.holdId ? -1 : 1));
  return { status: 'listed', holds };
}

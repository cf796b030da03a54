import { applyNewest } from './admins.ts';
import { forget as forgetShortages } from './memory.ts';
import {
  blankHold,
  decideAgainst,
  type Expected,
  end,
  finish,
  giveBackVoid,
  type HoldModel,
  isLapsed,
  type SaleModel,
  type Steps,
  timing,
  type World,
} from './world.ts';

/** Whatever is due goes back. */
export function* sweep(world: World, sale: SaleModel, by: number): Steps<Expected> {
  const lapsed = [...sale.redis.holds.values()].filter((hold) => isLapsed(hold, world.nowMs));
  for (const hold of lapsed) end(world, hold, 'expired');
  if (lapsed.length > 0) yield* forgetShortages(world, sale.saleId, by);
  return { status: 'done' };
}

/** The job of a bucket expires what is due, and comes again when it was early. */
export function* expireBucket(
  world: World,
  sale: SaleModel,
  { bucketEndMs, by }: { bucketEndMs: number; by: number },
): Steps<Expected> {
  yield* sweep(world, sale, by);
  const early = world.nowMs < bucketEndMs;
  return { status: early ? 'again' : 'done', againInMs: early ? bucketEndMs - world.nowMs : null };
}

/** Decides the confirms whose lease is over, by MySQL's word; with none, only after the deadline. */
export function* recover(world: World, sale: SaleModel, by: number): Steps<Expected> {
  const orphans = [...sale.redis.holds.values()].filter(
    (hold) => hold.status === 'confirming' && hold.leaseUntilMs <= world.nowMs,
  );
  for (const hold of orphans) hold.leaseUntilMs = world.nowMs + timing.lookAgainMs;
  yield;
  const read = orphans.map(({ holdId, buyerId, lines, deadlineMs, placedAtMs, expiresAtMs }) => ({
    order: sale.mysql.orders.get(holdId),
    isVoid: sale.mysql.voids.has(holdId),
    mayDecide: deadlineMs <= world.nowMs,
    hold: { holdId, buyerId, lines, placedAtMs, expiresAtMs },
  }));
  for (const { hold, order, isVoid, mayDecide } of read) {
    yield;
    const word = order ? 'sold' : isVoid ? 'void' : mayDecide ? decideAgainst(sale, hold.holdId) : 'undecided';
    yield;
    if (word === 'sold') finish(sale, { ...hold, orderId: 'in MySQL' }, hold);
    if (word !== 'void') continue;
    giveBackVoid(world, sale, hold.holdId);
    yield* forgetShortages(world, sale.saleId, by);
  }
  return { status: 'done' };
}

/** Drops ended holds whose memory is over. */
export function forget(world: World, sale: SaleModel): Expected {
  for (const hold of sale.redis.holds.values()) {
    if (hold.forgetAtMs !== null && hold.forgetAtMs <= world.nowMs) sale.redis.holds.delete(hold.holdId);
  }
  return { status: 'done' };
}

/** Brings Redis to the newest version, or settles a sale that is over and has nothing live. */
export function* reconcile(world: World, sale: SaleModel, by: number): Steps<Expected> {
  const { mysql, redis } = sale;
  const differs = [...mysql.capacity].some(([id, capacity]) => redis.capacity.get(id) !== capacity);
  if (redis.version < mysql.version || differs) {
    applyNewest(sale);
    yield* forgetShortages(world, sale.saleId, by);
  } else if (isOver(world, sale)) mysql.settled = true;
  return { status: 'done' };
}

function isOver({ nowMs }: World, { mysql, redis }: SaleModel): boolean {
  const { closesAtMs, holdTtlMs } = mysql.rules;
  // The real clock says when an admin closed it, which is long before the steered one begins.
  const endedAtMs = mysql.closed ? 0 : closesAtMs;
  if (endedAtMs === null || nowMs < endedAtMs + holdTtlMs + timing.graceMaxMs + timing.settleMs) return false;
  return ![...redis.holds.values()].some((hold) => hold.status === 'held' || hold.status === 'confirming');
}

/**
 * Redis is made anew from MySQL under a higher epoch; what survived there lives on, and an interrupted confirm is a held hold
 * again, with grace. Recorded outcomes win over everything.
 */
export function rebuild(world: World, sale: SaleModel, survive: boolean): void {
  const { mysql } = sale;
  const holds = new Map<string, HoldModel>();
  for (const { holdId, buyerId, lines } of mysql.orders.values()) {
    holds.set(holdId, { ...blankHold(holdId, 0), buyerId, lines, status: 'sold', timesFromMysql: true });
  }
  for (const holdId of mysql.voids) holds.set(holdId, { ...blankHold(holdId, 0), timesFromMysql: true });
  for (const hold of survive ? sale.redis.holds.values() : []) {
    const { placedAtMs, expiresAtMs, deadlineMs, keyed, timesFromMysql } = hold;
    const sold = holds.get(hold.holdId);
    // What a hold had promised is not in MySQL, and a replay must say it again.
    if (sold?.status === 'sold') Object.assign(sold, { placedAtMs, expiresAtMs, deadlineMs, keyed, timesFromMysql });
    if (!holds.has(hold.holdId) && hold.status !== 'sold') holds.set(hold.holdId, carriedOver(world, hold));
  }
  const { version, rules, paused, closed } = mysql;
  const capacity = new Map(mysql.capacity);
  sale.redis = { version, rules, paused, closed, capacity, holds, drift: new Map(), finishes: 0 };
  sale.epoch = null;
}

function carriedOver(world: World, hold: HoldModel): HoldModel {
  const kept = { ...hold, attempts: [], leaseUntilMs: 0 };
  if (hold.status === 'confirming') return reopened(world, kept);
  if (hold.status !== 'held') end(world, kept, hold.status === 'released' ? 'released' : 'expired');
  return kept;
}

/** Held again after an interruption of ours: the buyer gets time for another try, within bounds. */
export function reopened({ nowMs }: World, hold: HoldModel): HoldModel {
  const graceUntilMs = Math.min(nowMs + timing.graceMs, hold.expiresAtMs + timing.graceMaxMs);
  return { ...hold, status: 'held', deadlineMs: Math.max(hold.deadlineMs, graceUntilMs), leaseUntilMs: 0 };
}

import {
  type Counts,
  countsInRedis,
  type Expected,
  finish,
  type Rules,
  type SaleModel,
  type Steps,
  soldInMysql,
  type World,
} from './world.ts';

type Keyed = { key: string | undefined; request: string };

/** A repeat under the same Idempotency-Key answers as the first did; only what changed something is remembered. */
function* remembered(sale: SaleModel, { key, request }: Keyed, work: () => Steps<Expected>): Steps<Expected> {
  const before = key === undefined ? undefined : sale.adminRequests.get(key);
  if (before) return before.request === request ? (before.outcome as Expected) : { status: 'idempotency_mismatch' };
  const outcome = yield* work();
  const isChange = ['changed', 'switched', 'updated', 'resynced'].includes(outcome.status);
  if (key !== undefined && isChange) sale.adminRequests.set(key, { request, outcome });
  return outcome;
}

/** Redis takes over rules and capacities of the newest version; available moves by what capacity moves. */
export function applyNewest(sale: SaleModel): void {
  const { version, rules, paused, closed } = sale.mysql;
  Object.assign(sale.redis, { version, rules, paused, closed, capacity: new Map(sale.mysql.capacity) });
}

/** Pause, resume, close. */
export function* switchSale(sale: SaleModel, to: 'paused' | 'resumed' | 'closed', keyed: Keyed): Steps<Expected> {
  const outcome = yield* remembered(sale, keyed, function* () {
    if (to !== 'closed' && sale.mysql.closed) return { status: 'sale_closed' };
    changeHalf(sale, to === 'closed' ? { closed: true } : { paused: to === 'paused' });
    yield;
    return { status: 'switched', paused: sale.mysql.paused, closed: sale.mysql.closed };
  });
  if (outcome.status === 'switched') applyNewest(sale);
  return outcome;
}

/** MySQL's half of a change: Redis does not know of it yet. */
export function changeHalf(sale: SaleModel, change: { paused?: boolean; closed?: boolean }): void {
  Object.assign(sale.mysql, change, { version: sale.mysql.version + 1, settled: false });
}

/** Window and limits. */
export function* update(sale: SaleModel, changes: Partial<Rules>): Steps<Expected> {
  const rules = { ...sale.mysql.rules, ...changes };
  if (rules.closesAtMs !== null && rules.closesAtMs <= rules.opensAtMs) return { status: 'invalid_window' };
  Object.assign(sale.mysql, { rules, version: sale.mysql.version + 1, settled: false });
  yield;
  applyNewest(sale);
  return { status: 'updated', rules };
}

/** More tickets, or fewer of those that are available. */
export function* changeCapacity(
  sale: SaleModel,
  { ticketTypeId, delta }: { ticketTypeId: string; delta: number },
  keyed: Keyed,
): Steps<Expected> {
  const outcome = yield* remembered(sale, keyed, function* () {
    const { mysql, redis } = sale;
    const before = mysql.capacity.get(ticketTypeId);
    if (before === undefined) return { status: 'ticket_type_not_found', ticketTypeIds: [ticketTypeId] };
    if (delta < 0) {
      applyNewest(sale);
      const { available } = countsInRedis(sale, ticketTypeId);
      if (-delta > available) return { status: 'capacity_in_use', available: Math.max(available, 0) };
      redis.capacity.set(ticketTypeId, before + delta);
      yield;
    }
    if (before + delta < soldInMysql(sale, ticketTypeId)) {
      applyNewest(sale);
      return { status: 'capacity_in_use', available: 0 };
    }
    mysql.capacity.set(ticketTypeId, before + delta);
    mysql.version += 1;
    yield;
    return { status: 'changed', ticketTypeId, before: { capacity: before }, after: { capacity: before + delta } };
  });
  if (outcome.status === 'changed') applyNewest(sale);
  return outcome;
}

/** Redis is set right: what MySQL has sold is sold, and available is what capacity leaves. */
export function* resync(sale: SaleModel, dryRun: boolean, keyed: Keyed): Steps<Expected> {
  return yield* remembered(sale, keyed, function* () {
    yield;
    const ticketTypes = [...sale.mysql.capacity.keys()].sort(byText).map((ticketTypeId) => {
      const before = countsInRedis(sale, ticketTypeId);
      const after = countsAfterResync(sale, ticketTypeId, before);
      return { ticketTypeId, before, after, drift: after.available - before.available };
    });
    if (!dryRun) resyncNow(sale);
    return { status: 'resynced', applied: !dryRun, ticketTypes };
  });
}

function countsAfterResync(sale: SaleModel, ticketTypeId: string, before: Counts): Counts {
  const sold = soldInMysql(sale, ticketTypeId);
  const committed = [...sale.redis.holds.values()]
    .filter((hold) => hold.status === 'confirming' && sale.mysql.orders.has(hold.holdId))
    .flatMap((hold) => hold.lines)
    .filter((line) => line.ticketTypeId === ticketTypeId)
    .reduce((units, line) => units + line.quantity, 0);
  const held = before.held - committed;
  return { available: (sale.mysql.capacity.get(ticketTypeId) ?? 0) - sold - held, held, sold };
}

/** What a resync changes. */
export function resyncNow(sale: SaleModel): void {
  for (const hold of sale.redis.holds.values()) {
    const order = sale.mysql.orders.get(hold.holdId);
    if (order && hold.status === 'confirming') finish(sale, order, hold);
  }
  sale.redis.drift.clear();
  sale.redis.capacity = new Map(sale.mysql.capacity);
}

/** Stock of both stores, side by side. */
export function stock(_world: World, sale: SaleModel): Expected {
  const rows = [...sale.redis.capacity].map(([ticketTypeId, capacity]) => {
    const counts = countsInRedis(sale, ticketTypeId);
    const soldThere = soldInMysql(sale, ticketTypeId);
    const capacityThere = sale.mysql.capacity.get(ticketTypeId) ?? 0;
    const adds = counts.available + counts.held + counts.sold === capacity;
    const balanced = adds && capacity === capacityThere && counts.sold === soldThere;
    return { ticketTypeId, capacity, ...counts, soldInMysql: soldThere, capacityInMysql: capacityThere, balanced };
  });
  return { status: 'shown', rows };
}

function byText(a: string, b: string): number {
  return a < b ? -1 : 1;
}

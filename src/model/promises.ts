import { intactSale, isLive } from './tickets/redis.ts';
import { settle } from './tickets/settle.ts';
import { buyerOf, END, linesOf, must, type Sale, type State, unitsOf, type World } from './tickets/state.ts';

/** When a scenario's promises hold: always, or only after what sets a wrong start right has come to its end. */
export type When = 'always' | 'at the end';

/** What must hold of tickets at every state, and after the fair continuation from every state. */
export function ticketPromise(world: World, when: When): (state: State, copy: () => State) => string | null {
  // The continuation does not depend on where processes stood when they died, so it is tried once for all of them.
  const settled = new Set<string>();
  return (state, copy) => {
    const now = brokenAlways(state, world);
    if (now !== null) return now;
    const isAtEnd = Object.values(state.actors).every((actor) => actor.pc === END);
    if (when === 'at the end' && !isAtEnd) return null;
    const counts = when === 'always' || isAtEnd ? brokenCounts(state, world) : null;
    if (counts !== null) return counts;
    // A COMMIT on its way ends first, one way or the other: those states are tried, too.
    if (state.mysql.late.length > 0) return null;
    const key = JSON.stringify({ ...state, actors: null, faults: null });
    if (settled.has(key)) return null;
    settled.add(key);
    const later = copy();
    settle(later, world);
    return brokenAlways(later, world) ?? brokenCounts(later, world) ?? brokenInTheEnd(later, world);
  };
}

function brokenAlways(state: State, world: World): string | null {
  const { mysql, seen } = state;
  if (seen.broken !== '') return seen.broken;
  for (const [type, { capacity, sold }] of Object.entries(mysql.types)) {
    if (sold > capacity) return `MySQL has sold ${sold} of ${capacity} ${type}`;
  }
  for (const [id, orders] of Object.entries(mysql.orders)) {
    if (orders.length > 1) return `hold ${id} has two orders`;
    if (must(seen.created, id) > orders.length) return `201 was answered for hold ${id} without an order of its own`;
  }
  return brokenLimit(state, world);
}

/** Not counted are holds whose release Redis has forgotten: they live again, and their tokens may be used. */
function brokenLimit({ mysql, seen }: State, world: World): string | null {
  const bought: Record<string, number> = {};
  for (const [id, orders] of Object.entries(mysql.orders)) {
    if (orders.length === 0 || seen.forgotten.includes(id)) continue;
    const buyer = buyerOf(world, id);
    bought[buyer] = (bought[buyer] ?? 0) + unitsOf(world, id);
    if (must(bought, buyer) > world.buyerTicketsMax) return `buyer ${buyer} has bought ${bought[buyer]} tickets`;
  }
  return null;
}

/** The conservation law, and that Redis never has more in sale than MySQL will sell. */
function brokenCounts(state: State, world: World): string | null {
  const sale = intactSale(state, world);
  if (!sale) return null;
  const live = liveUnits(sale, world);
  for (const [type, { capacity, available, held, sold }] of Object.entries(sale.stock)) {
    if (capacity !== available + held + sold)
      return `capacity ${capacity} = ${available} + ${held} + ${sold} does not hold`;
    if (held !== (live[type] ?? 0)) return `held is ${held}, but ${live[type] ?? 0} are in live holds`;
    if (available < 0 && !state.seen.wentBack) return `available is ${available}`;
    const inMysql = must(state.mysql.types, type).capacity;
    if (sale.epoch === state.mysql.epoch && capacity > inMysql)
      return `Redis has ${capacity} in sale, MySQL ${inMysql}`;
  }
  return null;
}

function liveUnits(sale: Sale, world: World): Record<string, number> {
  const live: Record<string, number> = {};
  for (const [id, hold] of Object.entries(sale.holds)) {
    if (!isLive(hold)) continue;
    for (const [type, quantity] of Object.entries(linesOf(world, id))) live[type] = (live[type] ?? 0) + quantity;
  }
  return live;
}

function brokenInTheEnd(state: State, world: World): string | null {
  const sale = intactSale(state, world);
  if (!sale) return 'the sale stays lost';
  const { mysql, seen } = state;
  for (const [type, { capacity, held, sold, available }] of Object.entries(sale.stock)) {
    const inMysql = must(mysql.types, type);
    if (held !== 0) return `${held} stay held for ever`;
    if (sold !== inMysql.sold) return `Redis has sold ${sold}, MySQL ${inMysql.sold}`;
    if (capacity !== inMysql.capacity) return `the capacity stays ${capacity}, MySQL has ${inMysql.capacity}`;
    if (available < 0) return `available stays ${available}`;
  }
  for (const id of Object.keys(world.holds)) {
    const hasOrder = must(mysql.orders, id).length > 0;
    if (hasOrder && must(seen.gone, id) !== '' && !seen.forgotten.includes(id)) {
      return `hold ${id} was told ${seen.gone[id]}, yet it has an order`;
    }
    if ((sale.holds[id]?.state === 'S') !== hasOrder) return `hold ${id} and its order differ`;
  }
  return brokenBuyers(sale, state, world);
}

function brokenBuyers(sale: Sale, { mysql }: State, world: World): string | null {
  const bought: Record<string, number> = {};
  for (const [id, orders] of Object.entries(mysql.orders)) {
    const buyer = buyerOf(world, id);
    bought[buyer] = (bought[buyer] ?? 0) + orders.length * unitsOf(world, id);
  }
  for (const [buyer, counts] of Object.entries(sale.buyers)) {
    if (counts.held !== 0) return `buyer ${buyer} holds ${counts.held} for ever`;
    if (counts.bought !== (bought[buyer] ?? 0))
      return `buyer ${buyer} has bought ${bought[buyer]}, not ${counts.bought}`;
  }
  return null;
}

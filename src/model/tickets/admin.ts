import { intactSale } from './redis.ts';
import { END, must, type Program, type Sale, type State, type Step, type World } from './state.ts';

/** What an application to Redis carries: the sale's row as it was read. */
type Row = { version: number; paused: boolean; capacities: Record<string, number> };

/** src/engine/capacity.ts and sales.ts: one admin's change, or src/engine/reconcile.ts, which changes nothing in MySQL. */
export type Admin = {
  kind: 'admin';
  pc: string;
  change: 'increase' | 'decrease' | 'pause' | 'nothing';
  type: string;
  row: Row | null;
};

function rowOf({ mysql }: State): Row {
  const capacities = Object.fromEntries(Object.entries(mysql.types).map(([type, { capacity }]) => [type, capacity]));
  return { version: mysql.version, paused: mysql.paused, capacities };
}

/** lua/apply-sale.lua; false when the sale is lost. */
function applySale(state: State, world: World, row: Row): boolean {
  const sale = intactSale(state, world);
  if (!sale) return false;
  if (sale.version > row.version && world.rules.versions) return true;
  sale.version = row.version;
  sale.paused = row.paused;
  for (const [type, capacity] of Object.entries(row.capacities))
    grow(sale, type, capacity - must(sale.stock, type).capacity);
  return true;
}

/** `available` moves by what the capacity moves. */
function grow(sale: Sale, type: string, by: number): void {
  must(sale.stock, type).capacity += by;
  must(sale.stock, type).available += by;
}

/** Releases the row lock; what was not committed is gone. */
function unlock(state: State, to: string): string {
  state.mysql.lock = '';
  return to;
}

/** An increase and a pause go to MySQL first, and reach Redis after the lock is gone. */
const commitsInMysql: Step<Admin> = (state, me, world) => {
  const { mysql } = state;
  if (mysql.lock !== '') return null;
  if (me.change === 'pause') mysql.paused = true;
  const isRedisFirst = me.change === 'decrease' && world.rules.decreaseRedisFirst;
  if (isRedisFirst) throw new Error('a decrease goes to Redis first');
  if (me.change !== 'pause') changeCapacity(state, me);
  mysql.version += 1;
  return 'read';
};

function changeCapacity({ mysql }: State, me: Admin): boolean {
  const type = must(mysql.types, me.type);
  const capacity = type.capacity + (me.change === 'increase' ? 1 : -1);
  if (capacity < type.sold) return false;
  type.capacity = capacity;
  return true;
}

const readsRow: Step<Admin> = (state, me, world, name) => {
  // What is read stays the newest until it has been applied.
  if (world.rules.newestIsLocked) {
    if (state.mysql.lock !== '') return null;
    state.mysql.lock = name;
  }
  me.row = rowOf(state);
  return 'apply';
};

/** A lost sale is rebuilt, which applies it too: the answer waits for that. */
const appliesRow: Step<Admin> = (state, me, world, name) => {
  const done = applySale(state, world, me.row as Row);
  const isLocked = state.mysql.lock === name;
  if (done) {
    if (me.change === 'pause') state.seen.pauseAnswered = true;
    return isLocked ? unlock(state, END) : END;
  }
  return isLocked ? unlock(state, 'wait') : 'wait';
};

/** src/engine/sales.ts, applyNewest: the answer of a change is given when `rebuilder.run` has returned. */
const waits: Step<Admin> = (state, me, world) => {
  const sale = intactSale(state, world);
  if (!sale || sale.epoch < state.mysql.epoch) return null;
  if (me.change === 'pause') state.seen.pauseAnswered = true;
  return END;
};

/** A decrease holds the row lock from here to its COMMIT, and first undoes what an earlier one has left. */
const locks: Step<Admin> = (state, me, _world, name) => {
  if (state.mysql.lock !== '') return null;
  state.mysql.lock = name;
  me.row = rowOf(state);
  return me.change === 'nothing' ? 'apply' : 'undo earlier';
};

const undoesEarlier: Step<Admin> = (state, me, world) =>
  applySale(state, world, me.row as Row) ? 'withdraw' : unlock(state, END);

/** lua/withdraw-stock.lua. */
const withdraws: Step<Admin> = (state, me, world, name) => {
  const sale = intactSale(state, world);
  if (!sale) return unlock(state, END);
  if (world.rules.withdrawAvailable && must(sale.stock, me.type).available < 1) return unlock(state, END);
  sale.withdrawal = name;
  grow(sale, me.type, -1);
  return 'commit the decrease';
};

const commitsDecrease: Step<Admin> = (state, me) => {
  if (!changeCapacity(state, me)) return 'undo own';
  state.mysql.version += 1;
  return unlock(state, 'read');
};

const undoesOwn: Step<Admin> = (state, me, world) => {
  applySale(state, world, me.row as Row);
  return unlock(state, END);
};

/** Only a difference is applied; under the row lock no change is half done. */
const compares: Step<Admin> = (state, me, world) => {
  const sale = intactSale(state, world);
  const row = rowOf(state);
  if (!sale || sale.epoch < state.mysql.epoch) return null;
  const differs = Object.entries(row.capacities).some(
    ([type, capacity]) => must(sale.stock, type).capacity !== capacity,
  );
  if (sale.version > row.version || (sale.version === row.version && !differs)) return null;
  if (world.rules.rowLock) return 'lock';
  me.row = row;
  return 'apply';
};

/** Without the rule a change of capacity goes the other way round. */
const increasesInRedis: Step<Admin> = (state, me, world) => {
  const sale = intactSale(state, world);
  if (!sale) return null;
  grow(sale, me.type, me.change === 'increase' ? 1 : -1);
  return 'commit';
};

const starts: Step<Admin> = (_state, me, { rules }) => {
  if (me.change === 'decrease') return rules.decreaseRedisFirst ? 'lock' : 'commit';
  return me.change === 'increase' && !rules.increaseMysqlFirst ? 'increase Redis' : 'commit';
};

export const admin: Program<Admin> = {
  start: { starts },
  compare: { 'sees a difference': compares },
  commit: { 'changes the sale in MySQL': commitsInMysql },
  'increase Redis': { 'changes Redis first': increasesInRedis },
  lock: { 'locks the row': locks },
  'undo earlier': { 'applies the row': undoesEarlier },
  withdraw: { 'withdraws from Redis': withdraws },
  'commit the decrease': {
    'commits the decrease': commitsDecrease,
    'fails for certain': (state) => unlock(state, END),
  },
  'undo own': { 'puts back what it withdrew': undoesOwn },
  read: { 'reads the newest row': readsRow },
  apply: { 'applies the row': appliesRow },
  wait: { 'waits for the rebuild': waits },
};

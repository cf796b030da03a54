import { intactSale, isLive, move } from './redis.ts';
import { buyerOf, END, linesOf, must, type Program, type Sale, type Step, unitsOf, type World } from './state.ts';

/** src/engine/resync.ts, under the sale's row lock from beginning to end. */
export type Resync = {
  kind: 'resync';
  pc: string;
  epoch: number;
  finishes: number;
  types: Record<string, { capacity: number; sold: number }>;
  sold: string[];
  committed: string[];
  /** How many confirms were open when it began, and how often it had to start over. */
  open: number;
  moved: number;
};

const MOVED_MAX = 3;

/** Nothing is promised about how often a resync starts over once its freeze lapsed or its sale was rebuilt. */
export const ANY_NUMBER = 99;

/** lua/freeze-confirms.lua. */
const freezes: Step<Resync> = (state, me, world, name) => {
  const sale = intactSale(state, world);
  if (state.mysql.lock !== '' && state.mysql.lock !== name) return null;
  if (!sale) return thaw(state.sale, me, END, () => (state.mysql.lock = ''));
  if (me.moved === 0) me.open = Object.values(sale.holds).filter((hold) => hold?.state === 'C').length;
  state.mysql.lock = name;
  me.epoch = sale.epoch;
  me.finishes = sale.finishes;
  if (world.rules.freeze) sale.frozen = true;
  return 'snapshot';
};

/** The first read of the REPEATABLE READ transaction makes the snapshot; the outcomes are looked up in it later. */
const readsCounts: Step<Resync> = (state, me, world) => {
  me.types = structuredClone(state.mysql.types);
  if (world.rules.oneSnapshot) me.sold = soldIds(state.mysql.outcomes);
  return 'ids';
};

const readsConfirming: Step<Resync> = (state, me, world) => {
  const sold = world.rules.oneSnapshot ? me.sold : soldIds(state.mysql.outcomes);
  me.committed = sold.filter((id) => state.sale?.holds[id]?.state === 'C');
  me.sold = [];
  return 'script';
};

function soldIds(outcomes: Record<string, { word: string } | null>): string[] {
  return Object.keys(outcomes).filter((id) => outcomes[id]?.word === 'sold');
}

/** lua/resync-sale.lua. */
const sets: Step<Resync> = (state, me, world) => {
  const sale = intactSale(state, world);
  const { rules } = world;
  const unlock = () => (state.mysql.lock = '');
  if (!sale) return thaw(state.sale, me, END, unlock);
  const hasMoved =
    (sale.epoch !== me.epoch && rules.resyncEpoch) || (sale.finishes !== me.finishes && rules.finishCounter);
  if (hasMoved) {
    me.moved += 1;
    if (sale.epoch !== me.epoch) me.open = ANY_NUMBER;
    if (me.moved > me.open) state.seen.broken = 'a resync starts over for confirms that began after it';
    return me.moved < MOVED_MAX ? thaw(null, me, 'freeze', () => undefined) : thaw(sale, me, END, unlock);
  }
  if (rules.heldIsCounted) recount(sale, world);
  if (rules.committedBecomeSold) for (const id of me.committed) makeSold(sale, world, id);
  for (const [type, { capacity, sold }] of Object.entries(me.types)) {
    const counts = must(sale.stock, type);
    counts.capacity = capacity;
    counts.sold = sold;
    counts.available = capacity - sold - counts.held;
  }
  return thaw(sale, me, END, unlock);
};

function recount(sale: Sale, world: World): void {
  for (const counts of Object.values(sale.stock)) counts.held = 0;
  for (const [id, hold] of Object.entries(sale.holds)) {
    if (!isLive(hold)) continue;
    for (const [type, quantity] of Object.entries(linesOf(world, id))) must(sale.stock, type).held += quantity;
  }
}

function makeSold(sale: Sale, world: World, id: string): void {
  const hold = sale.holds[id];
  if (hold?.state !== 'C') return;
  move(sale, world, id, 'held', 'sold');
  const buyer = must(sale.buyers, buyerOf(world, id));
  buyer.held -= unitsOf(world, id);
  buyer.bought += unitsOf(world, id);
  hold.state = 'S';
  hold.attempts = [];
  sale.finishes += 1;
}

/** Forgets what was read; lifts the freeze of a sale that is given, and the lock. */
function thaw(sale: Sale | null, me: Resync, to: string, unlock: () => void): string {
  if (sale) sale.frozen = false;
  unlock();
  me.types = {};
  me.committed = [];
  return to;
}

export const resync: Program<Resync> = {
  freeze: { 'freezes confirms': freezes },
  snapshot: { 'reads the counts of MySQL': readsCounts },
  ids: { 'reads the CONFIRMING ids': readsConfirming },
  script: { 'sets Redis right': sets },
};

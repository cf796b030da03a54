import { type Past, readPast } from './mysql.ts';
import { gracedDeadline, intactSale, isLive } from './redis.ts';
import {
  buyerOf,
  END,
  type Hold,
  linesOf,
  must,
  type Program,
  type Sale,
  type State,
  type Step,
  unitsOf,
  type World,
} from './state.ts';

/** src/engine/rebuild.ts in one process. That others wait for it is a courtesy, and not modelled. */
export type Rebuild = {
  kind: 'rebuild';
  pc: string;
  past: Past | null;
  /** The run in which the staging was opened, and whether Redis lost some of it since. */
  stageRun: number;
  isTorn: boolean;
  oldEpoch: number | null;
  kept: Record<string, Hold>;
  rounds: number;
};

/** The top of the loop in `rebuild()`. */
function isNeeded(state: State, world: World): boolean {
  const sale = intactSale(state, world);
  return !sale || sale.epoch < state.mysql.epoch;
}

/** Under the row lock: the new epoch, and what was decided before it, in one transaction. */
const bumps: Step<Rebuild> = (state, me, world) => {
  if (!isNeeded(state, world)) return null;
  if (state.mysql.lock !== '' || state.mysql.epoch >= world.epochMax) return null;
  me.stageRun = state.run;
  me.isTorn = false;
  if (!world.rules.readUnderBump) {
    me.past = readPast(state, world);
    return 'bump late';
  }
  state.mysql.epoch += 1;
  me.past = readPast(state, world);
  return 'suspend';
};

const bumpsLate: Step<Rebuild> = (state, me) => {
  if (state.mysql.lock !== '' || !me.past) return null;
  state.mysql.epoch += 1;
  me.past.epoch = state.mysql.epoch;
  return 'suspend';
};

/** lua/suspend-sale.lua. */
const suspends: Step<Rebuild> = (state, me, world) => {
  const { sale } = state;
  const past = me.past as Past;
  me.oldEpoch = epochOf(sale);
  if (!sale) return 'install';
  if (sale.epoch >= past.epoch) return endOfRound(me);
  if (world.rules.suspended) sale.run = 0;
  return 'copy';
};

/** Null when the key that carries it is gone, with or without the others. */
function epochOf(sale: Sale | null): number | null {
  return sale === null || sale.epoch === 0 ? null : sale.epoch;
}

/** src/engine/rebuild-holds.ts; holds that outlived the counts are copied, too. */
const copies: Step<Rebuild> = (state, me, world) => {
  for (const [id, hold] of Object.entries(state.sale?.holds ?? {})) {
    if (hold && isKept(world, me.past as Past, id, hold))
      me.kept[id] = carriedOver(state, hold, (me.past as Past).epoch);
  }
  return 'install';
};

function isKept({ rules }: World, past: Past, id: string, hold: Hold): boolean {
  if (past.words[id] !== '' && rules.outcomesWin) return false;
  return hold.state === 'H' || hold.state === 'C' || (hold.state !== 'S' && rules.endedAreKept);
}

/** CONFIRMING becomes HELD: no attempt of the old epoch can commit any more. */
function carriedOver(state: State, hold: Hold, epoch: number): Hold {
  if (hold.state !== 'C') return { ...hold, epoch };
  return { ...hold, state: 'H', deadline: gracedDeadline(state, hold), epoch, attempts: [] };
}

/** lua/install-sale.lua. */
const installs: Step<Rebuild> = (state, me, world) => {
  const live = state.sale;
  const past = me.past as Past;
  const { rules } = world;
  if (rules.installIsCurrent) {
    // Nobody is changing the sale, and nobody has since it was read.
    if (state.mysql.lock !== '') return null;
    if (state.mysql.version !== past.version) return endOfRound(me);
  }
  const isLiveAgain = rules.suspended && epochOf(live) !== null && live?.run !== 0;
  // A newer rebuild may have come and been lost again, and then its commits were not read here.
  const isOutrun = rules.epochIsCompared && state.mysql.epoch !== past.epoch;
  const isMoved = epochOf(live) !== me.oldEpoch || isLiveAgain || isOutrun;
  if (isMoved && rules.installedIfUnmoved) return endOfRound(me);
  if ((me.isTorn || me.stageRun !== state.run) && rules.stageIsWhole) return endOfRound(me);
  state.sale = builtSale(state, world, me, past);
  return endOfRound(me);
};

/** The sale as it was staged: available is what capacity leaves after sold and held. */
function builtSale(state: State, world: World, me: Rebuild, past: Past): Sale {
  const { rules } = world;
  const epoch = past.epoch;
  const sale: Sale = {
    ...{ epoch, run: state.run, version: past.version, finishes: 0, frozen: false, paused: past.paused },
    ...{ withdrawal: '', whole: true, stock: {}, holds: {}, buyers: {} },
  };
  for (const [type, { capacity, sold }] of Object.entries(past.types)) {
    sale.stock[type] = { capacity, available: capacity - sold, held: 0, sold };
  }
  for (const buyer of Object.keys(past.bought)) {
    sale.buyers[buyer] = { held: 0, bought: rules.boughtIsRebuilt ? must(past.bought, buyer) : 0 };
  }
  for (const id of Object.keys(world.holds)) {
    sale.holds[id] = me.kept[id] ?? (me.isTorn ? null : stagedOutcome(state, world, past, id));
    if (isLive(sale.holds[id] ?? null)) countHeld(sale, world, id);
  }
  return sale;
}

function stagedOutcome(state: State, world: World, { words, epoch }: Past, id: string): Hold | null {
  const word = words[id];
  if (word === '' || !world.rules.outcomesAreStaged) return null;
  return { state: word === 'sold' ? 'S' : 'E', expires: state.now, deadline: state.now, epoch, attempts: [] };
}

function countHeld(sale: Sale, world: World, id: string): void {
  for (const [type, quantity] of Object.entries(linesOf(world, id))) {
    must(sale.stock, type).held += quantity;
    must(sale.stock, type).available -= quantity;
  }
  must(sale.buyers, buyerOf(world, id)).held += unitsOf(world, id);
}

function endOfRound(me: Rebuild): string {
  me.past = null;
  me.kept = {};
  me.oldEpoch = null;
  me.isTorn = false;
  me.stageRun = 0;
  me.rounds -= 1;
  return me.rounds === 0 ? END : 'bump';
}

export const rebuild: Program<Rebuild> = {
  bump: { 'raises the epoch and reads MySQL': bumps },
  'bump late': { 'raises the epoch': bumpsLate },
  suspend: { 'suspends the sale': suspends },
  copy: { 'copies live holds': copies },
  install: { 'installs the sale': installs },
};

import type { Move } from '../search.ts';
import { commitOrder } from './mysql.ts';
import { expireDue, intactSale } from './redis.ts';
import { ANY_NUMBER } from './resync.ts';
import { END, must, type State, type World } from './state.ts';
import { isKind } from './system.ts';

/** What happens by itself: time, the sweep, the forgetting, COMMITs that arrive late, and the faults that are left. */
export function environment(state: State, world: World): Move<State>[] {
  const moves: Move<State>[] = [
    { label: 'the sweep expires what is due', apply: (next) => expireDue(next, world) },
    { label: 'ended holds are forgotten', apply: (next) => forgetEnded(next, world) },
  ];
  if (state.now < world.until) {
    moves.push({ label: 'time passes', apply: passTime });
  }
  if (state.sale?.frozen) moves.push({ label: 'the freeze lapses', apply: thaw });
  for (const [index, { order }] of state.mysql.late.entries()) {
    moves.push({ label: `${order}: the late COMMIT takes effect`, apply: (next) => endLate(next, world, index, true) });
    moves.push({
      label: `${order}: the late COMMIT never arrived`,
      apply: (next) => endLate(next, world, index, false),
    });
  }
  for (const [fault, left] of Object.entries(state.faults)) {
    if (left > 0) moves.push({ label: must(faults, fault).label, apply: (next) => strike(next, fault) });
  }
  return moves;
}

function passTime(state: State): boolean {
  state.now += 1;
  return true;
}

/** lua/forget-holds.lua: an ended hold is remembered until its token's deadline is over, whatever becomes of it. */
function forgetEnded(state: State, world: World): boolean {
  const sale = intactSale(state, world);
  if (!sale) return false;
  let any = false;
  for (const [id, hold] of Object.entries(sale.holds)) {
    if (hold?.state !== 'R' && hold?.state !== 'E') continue;
    if (hold.expires >= state.now && world.rules.memory) continue;
    sale.holds[id] = null;
    any = true;
  }
  return any;
}

/** A resync that takes longer than its freeze is promised nothing about how often it starts over. */
function thaw(state: State): boolean {
  if (state.sale) state.sale.frozen = false;
  for (const actor of Object.values(state.actors)) if (isKind(actor, 'resync')) actor.open = ANY_NUMBER;
  return true;
}

function endLate(state: State, world: World, index: number, arrives: boolean): boolean {
  const [late] = state.mysql.late.splice(index, 1);
  if (late && arrives) commitOrder(state, world, late);
  return true;
}

type Fault = { label: string; apply: (state: State) => void };

const faults: Record<string, Fault> = {
  save: { label: 'Redis saves itself', apply: (state) => (state.saved = structuredClone(state.sale)) },
  restart: {
    label: 'Redis restarts with what it had saved',
    apply: (state) => {
      state.run += 1;
      goBack(state);
    },
  },
  swap: { label: 'an older Redis takes its place under the same connection', apply: goBack },
  loseLock: {
    label: "the session that holds the sale's row dies unseen",
    apply: ({ mysql }) => {
      mysql.lock = '';
    },
  },
  flush: {
    label: 'Redis loses everything',
    apply: (state) => {
      state.sale = null;
      state.saved = null;
      tearStages(state);
    },
  },
  loseSale: {
    label: "Redis loses the key of the sale's counts",
    apply: ({ sale }) => {
      if (sale) Object.assign(sale, { epoch: 0, run: 0, version: 0, finishes: 0, frozen: false, withdrawal: '' });
    },
  },
  loseHolds: {
    label: 'Redis loses the key of the holds',
    apply: ({ sale }) => {
      if (!sale) return;
      sale.whole = false;
      for (const id of Object.keys(sale.holds)) sale.holds[id] = null;
    },
  },
  loseBuyers: {
    label: 'Redis loses the key of the buyers',
    apply: ({ sale }) => {
      if (!sale) return;
      sale.whole = false;
      for (const buyer of Object.keys(sale.buyers)) sale.buyers[buyer] = { held: 0, bought: 0 };
    },
  },
};

function goBack(state: State): void {
  state.sale = structuredClone(state.saved);
  state.seen.wentBack = true;
  tearStages(state);
}

/** A rebuild on its way loses what it has staged so far. */
function tearStages(state: State): void {
  for (const actor of Object.values(state.actors)) {
    if (isKind(actor, 'rebuild') && actor.pc !== 'bump' && actor.pc !== END) actor.isTorn = true;
  }
}

/** The swap is no fault that promises survive: only what a repeat sets right afterwards is asked. */
function isQuiet({ actors }: State): boolean {
  return Object.values(actors).every(({ pc }) => pc === END || pc === 'after the swap');
}

/** After a fault a release that was told may be forgotten: the promises are then what ARCHITECTURE.md says. */
function strike(state: State, fault: string): boolean {
  if (fault === 'swap' && !isQuiet(state)) return false;
  state.faults[fault] = must(state.faults, fault) - 1;
  must(faults, fault).apply(state);
  for (const [id, word] of Object.entries(state.seen.gone)) {
    const kept = state.sale?.holds[id]?.state;
    if (word === 'released' && kept !== 'R' && kept !== 'E' && !state.seen.forgotten.includes(id)) {
      state.seen.forgotten.push(id);
      state.seen.forgotten.sort();
    }
  }
  return true;
}

import type { Rules } from './rules.ts';
import type { HoldState, Sale, State, World } from './state.ts';
import type { AnyActor } from './system.ts';

/** How a scenario begins. Holds without a state are placed in its course. */
export type Start = {
  capacity: Record<string, number>;
  holds: Record<string, { buyer: string; lines: Record<string, number>; state?: HoldState }>;
  actors: Record<string, AnyActor>;
  faults?: Record<string, number>;
  buyerTicketsMax?: number;
  until?: number;
  epochMax?: number;
  /** MySQL's epoch; above 1 a rebuild has died after it raised it. */
  epoch?: number;
  /** Units by which the counts are wrong at the beginning. */
  drift?: { type: string; available: number; held: number };
};

/** Every live hold of a start has its deadline at the first tick. */
const FIRST_DEADLINE = 1;

export function worldOf(start: Start, rules: Rules): World {
  const { holds, buyerTicketsMax = 9, until = 0, epochMax = 4 } = start;
  return { rules, holds, buyerTicketsMax, until, epochMax };
}

export function initialState(start: Start): State {
  const ids = Object.keys(start.holds);
  const forEach = <T>(value: () => T): Record<string, T> => Object.fromEntries(ids.map((id) => [id, value()]));
  const types = Object.entries(start.capacity).map(([type, capacity]) => [type, { capacity, sold: 0 }] as const);
  const sale = initialSale(start);
  const promised = ids.map((id) => [id, start.holds[id]?.state ? FIRST_DEADLINE : 0] as const);
  return {
    now: 0,
    run: 1,
    sale,
    saved: start.faults?.['restart'] || start.faults?.['swap'] ? structuredClone(sale) : null,
    mysql: {
      ...{ epoch: start.epoch ?? 1, version: 1, paused: false, lock: '', types: Object.fromEntries(types) },
      ...{ outcomes: forEach(() => null), orders: forEach(() => []), late: [] },
    },
    actors: start.actors,
    faults: start.faults ?? {},
    seen: {
      ...{ gone: forEach(() => '' as const), created: forEach(() => 0), promised: Object.fromEntries(promised) },
      ...{ forgotten: [], wentBack: false, pauseAnswered: false, broken: '' },
    },
  };
}

function initialSale({ capacity, holds, drift }: Start): Sale {
  const sale: Sale = {
    ...{ epoch: 1, run: 1, version: 1, finishes: 0, frozen: false, paused: false, withdrawal: '', whole: true },
    ...{ stock: {}, holds: {}, buyers: {} },
  };
  for (const [type, of] of Object.entries(capacity)) {
    sale.stock[type] = { capacity: of, available: of, held: 0, sold: 0 };
  }
  for (const [id, { buyer, lines, state }] of Object.entries(holds)) {
    const counts = sale.buyers[buyer] ?? { held: 0, bought: 0 };
    sale.buyers[buyer] = counts;
    sale.holds[id] = null;
    if (!state) continue;
    const attempts = state === 'C' ? ['dead'] : [];
    sale.holds[id] = { state, expires: FIRST_DEADLINE, deadline: FIRST_DEADLINE, epoch: 1, attempts };
    for (const [type, quantity] of Object.entries(lines)) {
      const stock = sale.stock[type] as Sale['stock'][string];
      stock.available -= quantity;
      stock.held += quantity;
      counts.held += quantity;
    }
  }
  const wrong = drift && sale.stock[drift.type];
  if (wrong) {
    wrong.available += drift.available;
    wrong.held += drift.held;
  }
  return sale;
}

type BuyerOptions = { failures?: number; doubts?: number };

function buyerActor(hold: string, pc: string, { failures = 0, doubts = 0 }: BuyerOptions): AnyActor {
  const word = 'expired' as const;
  const expires = pc === 'reserve' ? 0 : FIRST_DEADLINE;
  return { kind: 'buyer', pc, hold, expires, epoch: 0, round: 0, word, doubt: false, failures, doubts };
}

/** A confirm of a token in hand. */
export const confirms = (hold: string, options: BuyerOptions = {}) => buyerActor(hold, 'begin', options);

/** A reserve, and a confirm when it wins. */
export const buys = (hold: string, options: BuyerOptions = {}) => buyerActor(hold, 'reserve', options);

export const releases = (hold: string) => buyerActor(hold, 'release', {});

/** A confirm that is repeated once an older Redis has taken the place of the newer one. */
export const comesBack = (hold: string) => buyerActor(hold, 'after the swap', {});

export const recovers = (hold: string, rounds = 1): AnyActor => ({
  ...{ kind: 'recovery', pc: 'list', hold, epoch: 0, isDue: false, word: '', rounds },
});

export const rebuilds = (rounds = 1): AnyActor => ({
  ...{ kind: 'rebuild', pc: 'bump', past: null, stageRun: 0, isTorn: false, oldEpoch: null, kept: {}, rounds },
});

export const resyncs = (): AnyActor => ({
  ...{ kind: 'resync', pc: 'freeze', epoch: 0, finishes: 0, types: {}, sold: [], committed: [], open: 0, moved: 0 },
});

export const changes = (change: 'increase' | 'decrease' | 'pause', type = 'seat'): AnyActor => ({
  ...{ kind: 'admin', pc: 'start', change, type, row: null },
});

export const reconciles = (): AnyActor => ({ kind: 'admin', pc: 'compare', change: 'nothing', type: '', row: null });

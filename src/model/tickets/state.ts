import type { Rules } from './rules.ts';

/** HELD, CONFIRMING, SOLD, RELEASED, EXPIRED, as in `lua/include/hold.lua`. */
export type HoldState = 'H' | 'C' | 'S' | 'R' | 'E';

/** `expires` is the promised deadline, `deadline` the one that grace may have moved; both in ticks of the model's clock. */
export type Hold = { state: HoldState; expires: number; deadline: number; epoch: number; attempts: string[] };

export type Counts = { capacity: number; available: number; held: number; sold: number };

/** All keys of the sale in Redis. `run` 0: suspended. `epoch` 0: the key of the counts is gone, the others are left. `whole`: every key is there and carries the epoch. */
export type Sale = {
  epoch: number;
  run: number;
  version: number;
  finishes: number;
  frozen: boolean;
  paused: boolean;
  withdrawal: string;
  whole: boolean;
  stock: Record<string, Counts>;
  holds: Record<string, Hold | null>;
  buyers: Record<string, { held: number; bought: number }>;
};

/** What MySQL decided about a hold, and who wrote it. */
export type Outcome = { word: 'sold' | 'void'; by: string };

/** A COMMIT that was sent and not answered: it takes effect later, or never. */
export type LateCommit = { hold: string; order: string; epoch: number };

export type Mysql = {
  epoch: number;
  version: number;
  paused: boolean;
  /** Who holds the lock on the sale's row; '' when nobody does. */
  lock: string;
  types: Record<string, { capacity: number; sold: number }>;
  outcomes: Record<string, Outcome | null>;
  /** The ids of the orders of each hold; an order is named after the confirm that made it. */
  orders: Record<string, string[]>;
  late: LateCommit[];
};

/** A process on its way through its program; `pc` is where it stands, and each kind has locals of its own. */
export type Actor = { kind: string; pc: string };

export type State = {
  now: number;
  /** The run of the Redis server. */
  run: number;
  sale: Sale | null;
  /** What a restart of Redis would bring back. */
  saved: Sale | null;
  mysql: Mysql;
  actors: Record<string, Actor>;
  /** How often each fault may still strike. */
  faults: Record<string, number>;
  seen: Seen;
};

/** What the world outside has been told; no step of the engine decides by it. */
export type Seen = {
  /** The final word on a hold: it is gone. '' while nothing final was said. */
  gone: Record<string, '' | 'released' | 'expired' | 'sold_out'>;
  /** How many answers 201 a hold has had. */
  created: Record<string, number>;
  /** The latest deadline that was promised to a token of the hold; 0 without one. */
  promised: Record<string, number>;
  /** Holds whose release was told and then forgotten by Redis. */
  forgotten: string[];
  /** Redis went back in time: holds that had ended since live again. */
  wentBack: boolean;
  pauseAnswered: boolean;
  /** A promise that a step has broken at the moment it was made. */
  broken: string;
};

/** What never changes in a scenario: who wants what, and which rules are followed. */
export type World = {
  rules: Rules;
  holds: Record<string, { buyer: string; lines: Record<string, number> }>;
  buyerTicketsMax: number;
  /** The clock stops here. */
  until: number;
  epochMax: number;
};

/** One step of a program: changes the state and returns where the process stands now; null when it cannot happen now. */
export type Step<A extends Actor> = (state: State, me: A, world: World, name: string) => string | null;

/** By `pc`, what may happen there. */
export type Program<A extends Actor> = Record<string, Record<string, Step<A>>>;

export const END = 'end';

/** The tickets of a hold that a buyer's limit counts. */
export function unitsOf(world: World, id: string): number {
  return Object.values(linesOf(world, id)).reduce((sum, quantity) => sum + quantity, 0);
}

export function linesOf(world: World, id: string): Record<string, number> {
  return holdOf(world, id).lines;
}

export function buyerOf(world: World, id: string): string {
  return holdOf(world, id).buyer;
}

function holdOf(world: World, id: string) {
  const hold = world.holds[id];
  if (!hold) throw new Error(`the scenario has no hold ${id}`);
  return hold;
}

/** Looks up what every scenario fills in. */
export function must<T>(record: Record<string, T>, key: string): T {
  const value = record[key];
  if (value === undefined) throw new Error(`nothing is known of ${key}`);
  return value;
}

/** Says the final word on a hold; the promises compare it with what MySQL has decided in the end. */
export function tellGone(state: State, id: string, word: 'released' | 'expired' | 'sold_out'): typeof END {
  if (must(state.seen.gone, id) === '') state.seen.gone[id] = word;
  return END;
}

import type { Loss } from './history.ts';
import type { Market } from './market.ts';
import type { Random } from './random.ts';
import type { Stack } from './stack.ts';

/** A part of the stack that a fault works on: two faults at once never work on the same. */
export type Part = 'servers' | 'workers' | 'redis' | 'mysql' | 'redis network' | 'mysql network';

/** What a fault did. */
export type Harm = {
  /** How often: kills, cuts, refused COMMITs. Zero says that the fault missed. */
  injected: number;
  /** When the harm was over, by `performance.now()`; what comes after is the engine's own recovery. */
  endedMs: number;
  losses: Loss[];
};

/** One fault with its parameters drawn. */
export type PlannedFault = {
  text: string;
  parts: readonly Part[];
  /** Does the harm and takes it away again, also when it throws. */
  inflict(stack: Stack, market: Market): Promise<Harm>;
};

/** A kind of fault. */
export type Fault = {
  name: string;
  /** In half a sentence, for people. */
  what: string;
  /** Whether Redis may forget what it has acknowledged. */
  mayLose: boolean;
  /** Draws the parameters. */
  plan(random: Random): PlannedFault;
};

/** The harm of something that happened `injected` times and is over now. */
export function over(injected: number, losses: Loss[] = []): Harm {
  return { injected, endedMs: performance.now(), losses };
}

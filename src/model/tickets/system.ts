import type { Move } from '../search.ts';
import { type Admin, admin } from './admin.ts';
import { type Buyer, buyer } from './buyer.ts';
import { type Rebuild, rebuild } from './rebuild.ts';
import { type Recovery, recovery } from './recovery.ts';
import { type Resync, resync } from './resync.ts';
import { type Actor, END, must, type Program, type State, type World } from './state.ts';

/** The kinds of process. */
export type AnyActor = Buyer | Recovery | Rebuild | Resync | Admin;

const programs: Record<AnyActor['kind'], Program<Actor>> = {
  buyer: asProgram(buyer),
  recovery: asProgram(recovery),
  rebuild: asProgram(rebuild),
  resync: asProgram(resync),
  admin: asProgram(admin),
};

export function isKind<K extends AnyActor['kind']>(actor: Actor, kind: K): actor is Extract<AnyActor, { kind: K }> {
  return actor.kind === kind;
}

/** An actor only ever runs the program of its own kind, which the compiler cannot know. */
function asProgram<A extends Actor>(program: Program<A>): Program<Actor> {
  return program as unknown as Program<Actor>;
}

/**
 * One move for each step that some process may take next. That a process dies is no move of its own: a schedule in which it
 * never takes another step is among those that are searched, and the promises are tried at every state on the way.
 */
export function processes(state: State, world: World): Move<State>[] {
  return Object.entries(state.actors).flatMap(([name, { kind, pc }]) => {
    if (pc === END) return [];
    const steps = Object.keys(must(must(programs, kind), pc));
    return steps.map((label) => ({
      label: `${name} ${label}`,
      apply: (next: State) => take(next, world, name, label),
    }));
  });
}

/** Takes one step of a process; false when it cannot happen now. */
export function take(state: State, world: World, name: string, label: string): boolean {
  const actor = must(state.actors, name);
  const step = must(must(must(programs, actor.kind), actor.pc), label);
  const to = step(state, actor, world, name);
  if (to === null) return false;
  actor.pc = to;
  return true;
}

/** Runs a process alone until it ends or waits, always by its first step. */
export function runAlone(state: State, world: World, name: string): void {
  for (let steps = 0; steps < 50; steps++) {
    const { kind, pc } = must(state.actors, name);
    if (pc === END) return;
    const label = Object.keys(must(must(programs, kind), pc))[0] as string;
    if (!take(state, world, name, label)) return;
  }
  throw new Error(`${name} does not come to an end`);
}

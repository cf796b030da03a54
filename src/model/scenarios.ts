import { ticketPromise, type When } from './promises.ts';
import type { System } from './search.ts';
import { environment } from './tickets/environment.ts';
import { type TicketRule, ticketRulesWithout } from './tickets/rules.ts';
import { initialState, type Start, worldOf } from './tickets/start.ts';
import type { State } from './tickets/state.ts';
import { processes } from './tickets/system.ts';

/** A small world that is searched whole. `shows` are the rules whose absence is looked for here first. */
export type Scenario = {
  name: string;
  about: string;
  shows: readonly string[];
  system: (without: readonly string[]) => System<unknown>;
};

export type TicketScenario = {
  name: string;
  about: string;
  shows: readonly TicketRule[];
  start: Start;
  when?: When;
};

export const one = { seat: 1 };

/** A hold of one seat; with a state it is there from the beginning. */
export const ann = (state?: 'H' | 'C') => ({ buyer: 'ann', lines: one, ...(state && { state }) });

/** As `ann`, of another buyer. */
export const bob = (state?: 'H' | 'C') => ({ buyer: 'bob', lines: one, ...(state && { state }) });

/** A world of tickets as something to be searched. */
export function ticketScenario({ name, about, shows, start, when = 'always' }: TicketScenario): Scenario {
  return {
    name,
    about,
    shows,
    system: (without) => {
      const world = worldOf(start, ticketRulesWithout(without));
      const system: System<State> = {
        initial: initialState(start),
        moves: (state) => [...processes(state, world), ...environment(state, world)],
        broken: ticketPromise(world, when),
      };
      return system as System<unknown>;
    },
  };
}

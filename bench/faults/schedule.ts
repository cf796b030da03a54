import { drawFaults } from './catalogue.ts';
import type { PlannedFault } from './fault.ts';
import { randomOf } from './random.ts';

/** What will be done to the stack, and when after the load began. It follows from seed, number and name alone. */
export type Schedule = {
  seed: number;
  /** Counted from 1. */
  number: number;
  name: string;
  faults: { atMs: number; fault: PlannedFault }[];
};

/** Which fault's turn it is: each once in every round, in an order that the seed decides. */
export function nameOfTurn(names: readonly string[], { seed, number }: { seed: number; number: number }): string {
  const round = Math.floor((number - 1) / names.length);
  const order = randomOf(seed, 'round', round).shuffle(names);
  return order[(number - 1) % names.length] as string;
}

/** Makes the schedule of a number. */
export function makeSchedule({ seed, number, name }: { seed: number; number: number; name: string }): Schedule {
  const random = randomOf(seed, number, name);
  const firstAtMs = random.whole(600, 1300);
  const faults = drawFaults(name, random).map((fault, index) => ({
    // Half the time the second hits whatever the engine does about the first.
    atMs: index === 0 ? firstAtMs : firstAtMs + random.whole(0, random.chance(0.5) ? 150 : 900),
    fault,
  }));
  return { seed, number, name, faults };
}

/** One line that says all of it. */
export function scheduleText({ number, name, faults }: Schedule): string {
  const told = faults.map(({ atMs, fault }) => `at ${atMs} ms: ${fault.text}`).join('; ');
  return `schedule ${number} (${name})  ${told}`;
}

/** The command that repeats this schedule. */
export function repeatCommand({ seed, number, name }: Schedule): string {
  return `npm run faults -- --seed ${seed} --fault ${name} --first ${number} --schedules 1`;
}

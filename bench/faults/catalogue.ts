import type { Fault, PlannedFault } from './fault.ts';
import { mysqlFaults } from './faults-mysql.ts';
import { networkFaults } from './faults-network.ts';
import { processFaults } from './faults-processes.ts';
import { redisFaults } from './faults-redis.ts';
import type { Random } from './random.ts';

/** Every single fault. */
export const singleFaults: readonly Fault[] = [...processFaults, ...redisFaults, ...mysqlFaults, ...networkFaults];

/** Two at once, on different parts of the stack. */
export const combined = 'combined';

/** All names that may be asked for. */
export const faultNames: readonly string[] = [...singleFaults.map((fault) => fault.name), combined];

/** Draws the faults that go by this name, with their parameters. */
export function drawFaults(name: string, random: Random): PlannedFault[] {
  const single = singleFaults.find((fault) => fault.name === name);
  if (single) return [single.plan(random)];
  if (name !== combined) throw new Error(`there is no fault ${name}`);
  const first = random.pick(singleFaults).plan(random);
  for (;;) {
    const second = random.pick(singleFaults).plan(random);
    if (second.parts.every((part) => !first.parts.includes(part))) return [first, second];
  }
}

import { NotPossible } from '../../scripts/not-possible.ts';
import { which } from '../../scripts/stores/programs.ts';
import { loadSearchPath } from '../../src/config.ts';
import { byAutocannon } from './autocannon.ts';
import type { Fired, Plan } from './request.ts';
import { wrk } from './wrk.ts';

/** Sends load in a closed loop. What `load` returns is ready: nothing but sending happens while it fires. */
export type Generator = { name: 'wrk' | 'autocannon'; load(plan: Plan): Promise<{ fire: () => Promise<Fired> }> };

/**
 * wrk where it is installed, unless another is wanted: what it takes of the cores is a fraction of what autocannon does. `folder`
 * takes its files. Throws NotPossible.
 */
export function findGenerator(
  wanted: Generator['name'] | null,
  { env, folder }: { env: NodeJS.ProcessEnv; folder: string },
): Generator {
  const program = wanted === 'autocannon' ? null : which('wrk', loadSearchPath(env));
  if (program) return { name: 'wrk', load: wrk(program, folder) };
  if (wanted === 'wrk') throw new NotPossible('wrk is not installed: apt-get install wrk');
  return { name: 'autocannon', load: byAutocannon };
}

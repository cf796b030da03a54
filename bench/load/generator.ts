import { which } from '../../scripts/stores/programs.ts';
import { loadSearchPath } from '../../src/config.ts';
import { byAutocannon } from './autocannon.ts';
import type { Fired, Plan } from './request.ts';
import { wrk } from './wrk.ts';

/** Sends load in a closed loop. What `load` returns is ready: nothing but sending happens while it fires. */
export type Generator = { name: 'wrk' | 'autocannon'; load(plan: Plan): Promise<{ fire: () => Promise<Fired> }> };

/** wrk where it is installed, for it costs a third of what autocannon does; `folder` takes its files. */
export function findGenerator(env: NodeJS.ProcessEnv, folder: string): Generator {
  const program = which('wrk', loadSearchPath(env));
  return program ? { name: 'wrk', load: wrk(program, folder) } : { name: 'autocannon', load: byAutocannon };
}

import { fork } from 'node:child_process';
import { cpus } from 'node:os';
import { join } from 'node:path';
import type { Fired, Plan } from './request.ts';

/** What one process reports of its part of the load. */
type Part = Omit<Fired, 'ranOut'> & { stopped: boolean };

const program = join(import.meta.dirname, 'autocannon-child.mjs');
/** One core is the server's and one the stores'; more processes than the rest would only be in their way. */
const processes = Math.min(4, Math.max(1, cpus().length - 2));

/** A closed loop by autocannon, in several processes where there are cores for them; every request is sent once. */
export async function byAutocannon(plan: Plan): Promise<{ fire: () => Promise<Fired> }> {
  const connections = Math.max(1, Math.floor(Math.min(plan.connections, plan.requests.length) / processes));
  const from = (index: number) => Math.floor((plan.requests.length * index) / processes);
  const workers = await Promise.all(
    Array.from({ length: processes }, (_, index) =>
      startChild({ ...plan, connections, requests: plan.requests.slice(from(index), from(index + 1)) }),
    ),
  );
  return { fire: async () => joined(await Promise.all(workers.map((fire) => fire()))) };
}

/** Starts a process that has made its requests ready, and waits to be told to fire. It ends with its report, or with us. */
async function startChild(plan: Plan): Promise<() => Promise<Part>> {
  const child = fork(program, { execArgv: [], serialization: 'advanced' });
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const said = () =>
    new Promise<unknown>((resolve, reject) => {
      child.once('message', resolve);
      child.once('error', reject);
      child.once('exit', (code) => reject(new Error(`autocannon ended with ${code}`)));
    });
  const ready = said();
  child.send(plan);
  await ready;
  return async () => {
    const part = said();
    child.send('fire');
    const report = (await part) as Part;
    // What it took of the cores is known once it is gone.
    await gone;
    return report;
  };
}

/** Percentiles of parts cannot be added up; the worst part's is told. */
function joined(parts: Part[]): Fired {
  const sum = (key: 'answers' | 'refused' | 'errors') => parts.reduce((total, part) => total + part[key], 0);
  const worst = (key: 'seconds' | 'p50Ms' | 'p99Ms') => Math.max(...parts.map((part) => part[key]));
  return {
    ...{ answers: sum('answers'), refused: sum('refused'), errors: sum('errors') },
    ...{ seconds: worst('seconds'), p50Ms: worst('p50Ms'), p99Ms: worst('p99Ms') },
    ranOut: parts.every(({ stopped }) => !stopped),
  };
}

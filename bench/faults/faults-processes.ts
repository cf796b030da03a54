import { setTimeout as sleep } from 'node:timers/promises';
import { type Fault, over } from './fault.ts';
import type { EngineProcess } from './processes.ts';

type Group = 'servers' | 'workers';

/** Kills one of a group, or all of it. */
function kill(name: string, group: Group, share: 'one' | 'all'): Fault {
  return {
    name,
    what: `kill -9 of ${share === 'one' ? `one of the ${group}` : `both ${group}`}, and a new start`,
    mayLose: false,
    plan(random) {
      const index = random.whole(0, 1);
      const awayMs = random.whole(0, 1200);
      return {
        text: `${name}${share === 'one' ? ` ${index + 1}` : ''}, away ${awayMs} ms`,
        parts: [group],
        async inflict(stack) {
          const victims = share === 'all' ? stack[group] : [stack[group][index] as EngineProcess];
          await Promise.all(victims.map((victim) => victim.kill9()));
          await sleep(awayMs);
          const harm = over(victims.length);
          for (const victim of victims) await victim.start();
          return harm;
        },
      };
    },
  };
}

function stop(name: string, group: Group): Fault {
  return {
    name,
    what: `SIGSTOP of one of the ${group} for one to three seconds`,
    mayLose: false,
    plan(random) {
      const index = random.whole(0, 1);
      const frozenMs = random.whole(1000, 3000);
      return {
        text: `${name} ${index + 1}, ${frozenMs} ms`,
        parts: [group],
        async inflict(stack) {
          const victim = stack[group][index] as EngineProcess;
          victim.freeze();
          try {
            await sleep(frozenMs);
          } finally {
            victim.thaw();
          }
          return over(1);
        },
      };
    },
  };
}

/** Faults of the engine's own processes. */
export const processFaults: readonly Fault[] = [
  kill('kill-server', 'servers', 'one'),
  kill('kill-worker', 'workers', 'one'),
  kill('kill-both-workers', 'workers', 'all'),
  stop('stop-server', 'servers'),
  stop('stop-worker', 'workers'),
];

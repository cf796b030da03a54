import { readFileSync } from 'node:fs';
import { busySeconds, cpuSecondsOf } from '../own/machine.ts';
import type { Busy } from './result.ts';

/** Measures from now until the returned function is called. Other processes, and children of ours, are seen on Linux only. */
export function watchBusy(pids: Readonly<Record<string, number>>): () => Busy {
  const read = () => ({
    atMs: performance.now(),
    seconds: {
      ...Object.fromEntries(Object.entries(pids).map(([name, pid]) => [name, cpuSecondsOf(pid) ?? 0])),
      client: ownSeconds() + childSeconds(),
      machine: busySeconds(),
    } as Record<string, number>,
  });
  const before = read();
  return () => {
    const after = read();
    const wallSeconds = (after.atMs - before.atMs) / 1000;
    return Object.fromEntries(
      Object.entries(after.seconds).map(([name, seconds]) => [
        name,
        Math.round((100 * (seconds - (before.seconds[name] ?? 0))) / wallSeconds) / 100,
      ]),
    );
  };
}

/**
 * Who kept nearest to one core, being one thread; where all cores were taken, that comes first, and faster code of anybody
 * would have helped everybody. What other work took is told when it was more than a tenth of a core.
 */
export function bottleneckOf(busy: Busy, cores: number): string {
  const { machine = 0, ...ours } = busy;
  const [most] = Object.entries(ours).sort(([, a], [, b]) => b - a);
  const who = most ? `${most[0]} ${most[1].toFixed(2)}` : 'nobody';
  const others = machine - Object.values(ours).reduce((total, cores) => total + cores, 0);
  const strangers = others > 0.1 ? `, other work ${others.toFixed(2)}` : '';
  return machine >= 0.93 * cores ? `all cores (${who}${strangers})` : `${who}${strangers}`;
}

function ownSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** User and system time of our children that have ended (proc(5)): that is how what wrk took is known. */
function childSeconds(): number {
  try {
    const fields = readFileSync('/proc/self/stat', 'latin1').split(') ')[1]?.split(' ') ?? [];
    return (Number(fields[13]) + Number(fields[14])) / 100;
  } catch {
    // There is no /proc here.
    return 0;
  }
}

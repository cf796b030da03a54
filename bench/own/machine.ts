import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';

/** Where it was measured. */
export type Machine = {
  cpu: string;
  cores: number;
  node: string;
  redis: string | null;
  mysql: string | null;
  commit: string | null;
};

export function describeMachine(health: Record<'redis' | 'mysql', { version: string | null }>): Machine {
  const cores = cpus();
  return {
    cpu: cores[0]?.model.trim() ?? 'unknown',
    cores: cores.length,
    node: process.versions.node,
    redis: health.redis.version,
    mysql: health.mysql.version,
    commit: commit(),
  };
}

/** The processes of an engine that was started here; null for any other. */
export type Pids = { server: number; worker: number } | null;

/** How many cores each of us kept busy: whoever comes near to one, being a single thread, was the bottleneck. */
export type Load = { client: number; server: number | null; worker: number | null; machine: number };

/** Measures from now until the returned function is called. Other processes are seen on Linux only. */
export function watchLoad(pids: Pids): () => Load {
  const read = () => ({
    atMs: performance.now(),
    client: Object.values(process.cpuUsage()).reduce((total, us) => total + us, 0) / 1e6,
    server: pids && cpuSecondsOf(pids.server),
    worker: pids && cpuSecondsOf(pids.worker),
    machine: busySeconds(),
  });
  const before = read();
  return () => {
    const after = read();
    const perSecond = (from: number, to: number) =>
      Math.round((100_000 * (to - from)) / (after.atMs - before.atMs)) / 100;
    const other = (from: number | null, to: number | null) =>
      from === null || to === null ? null : perSecond(from, to);
    return {
      client: perSecond(before.client, after.client),
      server: other(before.server, after.server),
      worker: other(before.worker, after.worker),
      machine: perSecond(before.machine, after.machine),
    };
  };
}

/** User and system time of a process (proc(5)); the kernel tells it in ticks of a hundredth of a second. */
export function cpuSecondsOf(pid: number): number | null {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    // There is no /proc here, or the process is gone.
    return null;
  }
}

/** What all cores together have worked since the machine was started. */
export function busySeconds(): number {
  return cpus().reduce((total, { times }) => total + times.user + times.nice + times.sys + times.irq, 0) / 1000;
}

function commit(): string | null {
  try {
    const args = ['describe', '--always', '--dirty'];
    return execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    // Not a clone, or no git.
    return null;
  }
}

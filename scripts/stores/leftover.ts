import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const endTimeoutMs = 60_000;

/**
 * Waits for the server of an earlier run that is still ending in the same folder: after a kill -9 its guardian is at
 * work, and two servers on one folder would spoil the data. `pidFile` says `<pid> <port>`.
 */
export async function endLeftover(pidFile: string): Promise<void> {
  const [pid, port] = read(pidFile).split(' ');
  // A number may belong to another process by now; only ours has that port among its arguments.
  const isOurs = () => pid && port && commandOf(pid).includes(port);
  const deadline = performance.now() + endTimeoutMs;
  if (isOurs()) process.kill(Number(pid), 'SIGTERM');
  while (isOurs()) {
    if (performance.now() > deadline) throw new Error(`process ${pid} of an earlier run does not end`);
    await sleep(50);
  }
}

function commandOf(pid: string): string {
  if (process.platform === 'linux') return read(`/proc/${pid}/cmdline`);
  try {
    return execFileSync('ps', ['-o', 'command=', '-p', pid], { encoding: 'utf8' });
  } catch {
    // ps fails when there is no such process.
    return '';
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

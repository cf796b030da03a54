import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { waitFor } from '../../src/probe.ts';
import { suite } from '../../src/testing/suite.ts';
import { spawnGuarded } from './guardian.ts';

const test = suite('guardian');

const runs = (pid: number) => {
  try {
    return process.kill(pid, 0);
  } catch {
    // No such process.
    return false;
  }
};
const gone = (pid: number) =>
  waitFor({ what: `the end of ${pid}`, answers: async () => !runs(pid), timeoutMs: 10_000 });

test('what it guards ends when we are killed with SIGKILL, and its folder goes', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'onsale-guardian-'));
  const args = ['--import', 'tsx', 'scripts/test/fixtures/guards.ts', join(folder, 'log'), folder];
  const owner = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const [said] = await once(owner.stdout, 'data');
  const pid = Number(said);
  assert.ok(runs(pid));

  owner.kill('SIGKILL');

  await once(owner, 'exit');
  await gone(pid);
  await waitFor({ what: 'removal', answers: async () => !existsSync(folder), timeoutMs: 10_000 });
});

test('a killed process is noticed, and its folder stays when we want to keep it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'onsale-guardian-'));
  const guarded = await spawnGuarded({
    command: 'sleep',
    args: ['600'],
    logFile: join(folder, 'log'),
    removeFolder: folder,
  });

  guarded.signal('SIGKILL');

  assert.is(await guarded.exited, 128 + 9);
  await guarded.end({ keep: true });
  assert.ok(existsSync(folder));
  rmSync(folder, { recursive: true });
});

test('a program that does not exist ends with the code of the shell', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'onsale-guardian-'));
  const guarded = await spawnGuarded({
    command: 'no-such-program',
    args: [],
    logFile: join(folder, 'log'),
    removeFolder: folder,
  });

  assert.is(await guarded.exited, 127);
  await guarded.end({ keep: false });
  assert.not(existsSync(folder));
});

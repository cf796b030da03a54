import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawnGuarded } from '../stores/guardian.ts';

/** For the longest file on the slowest machine; a single test that hangs ends by its own bound. */
const fileTimeoutMs = 480_000;

/** `report` is what to show of it. */
export type FileResult = { file: string; passed: number; failed: number; report: string };
export type RunningFile = { kill(): void; result: Promise<FileResult> };

/**
 * Runs one test file as a process of its own. A file that crashed, hung or said
 * nothing counts as a failure.
 */
export async function runFile(file: string, env: NodeJS.ProcessEnv, timeoutMs = fileTimeoutMs): Promise<RunningFile> {
  const folder = mkdtempSync(join(tmpdir(), 'onsale-test-'));
  const logFile = join(folder, 'output');
  const startedAtMs = performance.now();
  const guarded = await spawnGuarded({
    command: process.execPath,
    args: ['--import', 'tsx', file],
    logFile,
    removeFolder: folder,
    env,
  });
  let verdict: string | null = null;
  const kill = (why: string) => {
    verdict = why;
    guarded.signal('SIGKILL');
  };
  const timer = setTimeout(() => kill(`killed: not done after ${timeoutMs / 1000} s`), timeoutMs);

  const finish = async (): Promise<FileResult> => {
    const exitCode = await guarded.exited;
    clearTimeout(timer);
    const output = readFileSync(logFile, 'utf8');
    await guarded.end({ keep: false });
    const counts = countsOf(output, exitCode, verdict);
    const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1);
    const remark = counts.problem ? `  (${counts.problem})` : '';
    const total = `${counts.passed} passed, ${counts.failed} failed`;
    const report = `${withoutSummary(output)}\n  ${file}  ${total}, ${seconds} s${remark}\n`;
    return { file, passed: counts.passed, failed: counts.failed, report };
  };
  return { kill: () => kill('interrupted'), result: finish() };
}

const summary = /^(\d+) passed, (\d+) failed$/;

/** Believes the last line only; without it, or with an exit code that contradicts it, the file has failed. */
export function countsOf(output: string, exitCode: number, verdict: string | null = null) {
  const said = summary.exec(lastLine(output));
  const passed = Number(said?.[1] ?? 0);
  const failed = Number(said?.[2] ?? 0);
  if (verdict) return { passed, failed: failed + 1, problem: verdict };
  if (!said) return { passed, failed: 1, problem: `ended with code ${exitCode} and without a summary` };
  if (passed + failed === 0) return { passed, failed: 1, problem: 'no test ran' };
  if (exitCode !== 0 && failed === 0) return { passed, failed: 1, problem: `ended with code ${exitCode}` };
  return { passed, failed, problem: null };
}

function lastLine(output: string): string {
  return output.trimEnd().split('\n').at(-1) ?? '';
}

function withoutSummary(output: string): string {
  return summary.test(lastLine(output)) ? output.trimEnd().split('\n').slice(0, -1).join('\n') : output.trimEnd();
}

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { spawnGuarded } from '../../scripts/stores/guardian.ts';
import { freePort } from '../../scripts/stores/ports.ts';
import { waitFor } from '../../src/probe.ts';
import { isReady } from '../own/build.ts';
import { nodeFlags } from '../own/node-flags.ts';

/** A program of the built code, in a process of its own. */
export type Program = { baseUrl: string; pid: number; logLines(): string[]; end(): Promise<void> };

const startTimeoutMs = 60_000;

/**
 * Runs `<folder>/<file>` with a free port in its environment. It ends with us at the latest. One that serves nothing (a worker) is
 * taken to have started when it runs. Throws with the end of its log when it does not answer.
 */
export async function startProgram(input: {
  folder: string;
  file: string;
  env: NodeJS.ProcessEnv;
  serves: boolean;
}): Promise<Program> {
  const port = await freePort();
  const baseUrl = `http://127.0.0.1:${port}`;
  const logFile = join(input.folder, `${input.file.replaceAll('/', '-')}-${port}.log`);
  const logLines = () => readFileSync(logFile, 'utf8').split('\n').filter(Boolean);
  const child = await spawnGuarded({
    command: process.execPath,
    args: [...nodeFlags, join(input.folder, input.file)],
    env: { NODE_ENV: 'production', ...input.env, PORT: String(port) },
    logFile,
  });
  let exitCode: number | null = null;
  void child.exited.then((code) => {
    exitCode = code;
  });
  const end = () => child.end({ keep: false });
  const failed = () => (exitCode === null ? null : `ended with code ${exitCode}\n${logLines().slice(-10).join('\n')}`);
  try {
    const answers = input.serves ? () => isReady(baseUrl) : async () => true;
    await waitFor({ what: input.file, answers, failed, timeoutMs: startTimeoutMs });
  } catch (error) {
    await end();
    throw error;
  }
  return { baseUrl, pid: child.pid, logLines, end };
}

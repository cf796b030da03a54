import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Guarded, spawnGuarded } from '../../scripts/stores/guardian.ts';
import type { Ending } from '../own/ending.ts';
import { nodeFlags } from '../own/node-flags.ts';

/** A server or a worker: a process of its own that can be killed, frozen and started again. */
export type EngineProcess = {
  readonly name: string;
  /** Null for a worker, which listens to nobody. */
  readonly baseUrl: string | null;
  readonly isRunning: boolean;
  /** Starts it when it does not run; whether it is ready is for others to ask. */
  start(): Promise<void>;
  /** SIGKILL; resolves when it is gone. */
  kill9(): Promise<void>;
  freeze(): void;
  thaw(): void;
  /** How often it ended without having been told to. */
  crashes(): number;
  /** The end of what it logged, oldest first. */
  logTail(lines: number): string[];
};

/** Describes a process of the built engine in `folder`; it is not started yet, and ends with `ending`. */
export function engineProcess(input: {
  kind: 'server' | 'worker';
  name: string;
  folder: string;
  env: NodeJS.ProcessEnv;
  baseUrl: string | null;
  ending: Pick<Ending, 'add'>;
}): EngineProcess {
  const { name, folder, env, baseUrl } = input;
  const logFile = join(folder, `${name}.log`);
  const state = { running: null as Guarded | null, crashes: 0 };
  const end = async () => {
    const ending = state.running;
    state.running = null;
    await ending?.end({ keep: true });
  };
  input.ending.add(end);

  return {
    name,
    baseUrl,
    get isRunning() {
      return state.running !== null;
    },
    async start() {
      if (state.running) return;
      const args = [...nodeFlags, '--enable-source-maps', join(folder, 'src', `${input.kind}.js`)];
      const started = await spawnGuarded({ command: process.execPath, args, logFile, env });
      state.running = started;
      void started.exited.then(async () => {
        if (state.running !== started) return;
        state.crashes += 1;
        await end();
      });
    },
    async kill9() {
      const dying = state.running;
      state.running = null;
      dying?.signal('SIGKILL');
      await dying?.exited;
      await dying?.end({ keep: true });
    },
    freeze: () => state.running?.signal('SIGSTOP'),
    thaw: () => state.running?.signal('SIGCONT'),
    crashes: () => state.crashes,
    logTail: (lines) => readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-lines),
  };
}

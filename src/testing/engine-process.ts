import { fork } from 'node:child_process';
import type { TestEngine } from './engine.ts';
import { patience } from './stack.ts';

export type EngineProcess = {
  /** Calls the engine there by the name of the call, such as `sales.changeCapacity`. Never settles once it was killed. */
  call<T>(path: string, input: unknown): Promise<T>;
  /** SIGKILL; resolves when the process is gone. May be repeated. */
  kill9(): Promise<void>;
};

type Message = { ready?: true; id?: number; value?: unknown; error?: { name: string; message: string } };

/** Opens an engine on the same stores in another process; `env` overrides single variables of its environment. */
export async function startEngineProcess(
  { config, databaseUrl }: Pick<TestEngine, 'config' | 'databaseUrl'>,
  env: Record<string, string> = {},
): Promise<EngineProcess> {
  const stores = { REDIS_URL: config.redis.url, REDIS_KEY_PREFIX: config.redis.keyPrefix, DATABASE_URL: databaseUrl };
  const file = new URL('./engine-child.ts', import.meta.url).pathname;
  const child = fork(file, [JSON.stringify({ ...patience, ...stores, ...env })], { execArgv: ['--import', 'tsx'] });
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const waiting = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>();
  let calls = 0;

  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    void gone.then(() => reject(new Error('the engine process ended before it was ready')));
    child.on('message', ({ ready, id, value, error }: Message) => {
      if (ready) resolve();
      const caller = waiting.get(id ?? 0);
      if (error) caller?.reject(Object.assign(new Error(error.message), { name: error.name }));
      else caller?.resolve(value as never);
    });
  });
  return {
    call: (path, input) =>
      new Promise((resolve, reject) => {
        calls += 1;
        waiting.set(calls, { resolve, reject });
        child.send({ id: calls, path, input });
      }),
    kill9: async () => {
      child.kill('SIGKILL');
      await gone;
    },
  };
}

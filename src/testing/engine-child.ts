import { Registry } from 'prom-client';
import { createEngine } from '../engine/engine.ts';
import { createLog } from '../log.ts';
import { testConfig } from './stack.ts';

/** An engine in a process of its own; `engine-process.ts` starts it, asks it by messages and kills it. */
const config = testConfig(JSON.parse(process.argv[2] ?? '{}') as Record<string, string>);
const engine = await createEngine(config, { log: createLog(config), registry: new Registry() });

type Callable = { [name: string]: Callable } & ((input: unknown) => Promise<unknown>);

process.on('message', ({ id, path, input }: { id: number; path: string; input: unknown }) => {
  const call = path.split('.').reduce((at, name) => at[name] as Callable, engine as unknown as Callable);
  call(input).then(
    (value) => process.send?.({ id, value }),
    (error: Error) => process.send?.({ id, error: { name: error.name, message: error.message } }),
  );
});
// The parent is gone: nobody would ever end this process.
process.on('disconnect', () => process.exit(1));
process.send?.({ ready: true });

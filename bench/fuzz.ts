import cliProgress from 'cli-progress';
import { settings } from '../src/settings.ts';
import { createAdmin } from './burst/admin.ts';
import { signAdmin } from './burst/crowd.ts';
import { startOwnEngine } from './burst/own-engine.ts';
import { type Options, readOptions, usage } from './fuzz/options.ts';
import { reportText } from './fuzz/report.ts';
import { fuzz } from './fuzz/run.ts';
import { runCommand } from './own/command.ts';
import type { Ending } from './own/ending.ts';
import { describeMachine } from './own/machine.ts';

// Question: is there any bad request that the engine answers with a 5xx, or otherwise than documented, or that changes a store?

const connections = 16;
/** The default of REDIS_KEY_PREFIX, which an engine of our own has. */
const keyPrefix = settings.REDIS_KEY_PREFIX.fallback;

/** Fuzzes an engine of its own and ends the process: 0 when nothing was found, 1 when something was, 2 for bad arguments. */
export function main(args: string[], env: NodeJS.ProcessEnv): Promise<void> {
  return runCommand({ usage, read: () => readOptions(args), run: (options, ending) => run(options, env, ending) });
}

async function run({ seed, requests }: Options, env: NodeJS.ProcessEnv, ending: Ending): Promise<boolean> {
  const bar = new cliProgress.SingleBar({
    format: '  {bar} {value} of {total} bad requests, {duration} s',
    barsize: 30,
  });
  const engine = await startOwnEngine(env, ending);
  const { secret } = engine.tokens;
  bar.start(requests, 0);
  const onProgress = (done: number) => bar.update(done);
  const stores = { ...engine.stores, keyPrefix };
  const input = { baseUrl: engine.baseUrl, secret, stores, seed, requests, connections, onProgress };
  const result = await fuzz({ ...input, signal: ending.signal }).finally(() => bar.stop());
  const machine = describeMachine(await createAdmin(engine.baseUrl, signAdmin(engine.tokens)).health());
  console.log(reportText({ ...result, seed, machine, logLines: engine.logLines() }));
  return result.findings.length === 0;
}

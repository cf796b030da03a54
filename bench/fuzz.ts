import cliProgress from 'cli-progress';
import { NotPossible } from '../scripts/not-possible.ts';
import { createAdmin } from './burst/admin.ts';
import { signAdmin } from './burst/crowd.ts';
import { startOwnEngine } from './burst/own-engine.ts';
import { type Options, readOptions, UsageError, usage } from './fuzz/options.ts';
import { reportText } from './fuzz/report.ts';
import { fuzz } from './fuzz/run.ts';
import { endOnSignal } from './own/ending.ts';
import { describeMachine } from './own/machine.ts';

// Question: is there any bad request that the engine answers with a 5xx, or otherwise than documented, or that changes a store?

const connections = 16;
/** The default of REDIS_KEY_PREFIX, which an engine of our own has. */
const keyPrefix = 'onsale:1';

/** Fuzzes an engine of its own and ends the process: 0 when nothing was found, 1 when something was, 2 for bad arguments. */
export async function main(args: string[], env: NodeJS.ProcessEnv): Promise<void> {
  let options: Options | null;
  try {
    options = readOptions(args);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(error.message);
    process.exit(2);
  }
  if (!options) return console.log(usage);

  const ending = endOnSignal();
  const bar = new cliProgress.SingleBar({
    format: '  {bar} {value} of {total} bad requests, {duration} s',
    barsize: 30,
  });
  try {
    const { seed, requests } = options;
    const engine = await startOwnEngine(env, ending);
    const { secret } = engine.tokens;
    bar.start(requests, 0);
    const onProgress = (done: number) => bar.update(done);
    const stores = { ...engine.stores, keyPrefix };
    const input = { baseUrl: engine.baseUrl, secret, stores, seed, requests, connections, onProgress };
    const result = await fuzz({ ...input, signal: ending.signal }).finally(() => bar.stop());
    const machine = describeMachine(await createAdmin(engine.baseUrl, signAdmin(engine.tokens)).health());
    console.log(reportText({ ...result, seed, machine, logLines: engine.logLines() }));
    await ending.close(result.findings.length === 0 ? 0 : 1);
  } catch (error) {
    if (!ending.signal.aborted) console.error(error instanceof NotPossible ? error.message : error);
    await ending.close(1);
  }
}

import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { openTestStack } from '../../scripts/test/open-stack.ts';
import { loadStoreUrls } from '../config.ts';
import { openReal } from './open-real.ts';
import { failureText, tallyText } from './report.ts';
import { simulate } from './simulate.ts';
import { type Tally, unheard } from './tally.ts';

const usage = `usage: npm run sim -- [options]

  --seed 1          what happens (0 to 2147483647); random without it
  --ops 20000       operations to do in all
  --run-ops 120     operations of one run, on fresh sales, at most
  --path 12:0:3     with --replay-path: see a counterexample again at once
  --replay-path …
  --shrink-seconds 120   how long a counterexample may be made smaller

Ctrl-C ends it after the run under way and prints what was done until then. Exit code 0 when everything agreed with the oracle, 1 when something did not,
or when some answer was never heard in a hundred thousand operations, 2 for arguments like these.`;

/** From so many operations on, a word that was never heard is a fault of the generator; the rarest comes once in ten thousand. */
const longRunOperations = 100_000;

const wholeNumber = /^\d{1,10}$/;

function readOptions(args: string[]) {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args,
    options: { seed: text, ops: text, 'run-ops': text, path: text, 'replay-path': text, 'shrink-seconds': text },
  });
  const number = (name: 'seed' | 'ops' | 'run-ops' | 'shrink-seconds', fallback: number) => {
    const given = values[name];
    if (given !== undefined && !wholeNumber.test(given))
      throw new Error(`--${name} takes a whole number, not ${given}`);
    return given === undefined ? fallback : Number(given);
  };
  return {
    seed: number('seed', randomInt(2 ** 31)),
    operations: number('ops', 20_000),
    runOperations: Math.max(number('run-ops', 120), 1),
    path: values.path,
    replayPath: values['replay-path'],
    shrinkMs: number('shrink-seconds', 120) * 1000,
  };
}

/** Runs one simulation on throw-away stores and ends the process. */
export async function main(args: string[]): Promise<void> {
  let settings: ReturnType<typeof readOptions>;
  try {
    settings = readOptions(args);
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`);
    process.exit(2);
  }
  const throwAway = loadStoreUrls().mysql === null;
  const stack = await openTestStack(process.env);
  Object.assign(process.env, { REDIS_URL: stack.env['REDIS_URL'], DATABASE_URL: stack.env['DATABASE_URL'] });
  let exitCode = 1;
  try {
    exitCode = await run({ ...settings, throwAway });
  } catch (error) {
    console.error(error);
  }
  await stack.close();
  process.exit(exitCode);
}

async function run(settings: ReturnType<typeof readOptions> & { throwAway: boolean }): Promise<number> {
  const real = await openReal(settings.throwAway);
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort());
  const startedAtMs = performance.now();
  let saidAtMs = startedAtMs;
  const onRun = (tally: Tally) => {
    if (performance.now() - saidAtMs < 10_000) return;
    saidAtMs = performance.now();
    console.log(`  ${tally.operations} operations in ${tally.runs} runs`);
  };
  try {
    console.log(
      `seed ${settings.seed}: up to ${settings.runOperations} operations a run on two engines and one steered clock`,
    );
    const { tally, failure } = await simulate(real, { ...settings, signal: stop.signal }, onRun);
    if (failure) {
      console.log(failureText(settings, failure));
      return 1;
    }
    console.log(tallyText(tally, performance.now() - startedAtMs));
    const silent = unheard(tally);
    for (const word of silent) console.log(`never heard: ${word}`);
    return silent.length > 0 && tally.operations >= longRunOperations ? 1 : 0;
  } finally {
    await real.close();
  }
}

import cliProgress from 'cli-progress';
import { NotPossible } from '../scripts/not-possible.ts';
import { say } from '../scripts/say.ts';
import { createAdmin } from './burst/admin.ts';
import { readAftermath } from './burst/aftermath.ts';
import { pays, signAdmin, signCrowd } from './burst/crowd.ts';
import { type Options, readOptions, usage } from './burst/options.ts';
import { startOwnEngine } from './burst/own-engine.ts';
import { makeReport, type Report, reportText } from './burst/report.ts';
import { type ShootInput, type Shots, shoot } from './burst/shoot.ts';
import { findRunningEngine, type Target } from './burst/target.ts';
import { judge } from './burst/verdict.ts';
import { print, runCommand } from './own/command.ts';
import type { Ending } from './own/ending.ts';
import { describeMachine, watchLoad } from './own/machine.ts';

// Question: when far more buyers than tickets press at once, is every ticket sold once, and how fast?

const timeoutSeconds = 10;
/** Longer than any burst: a hold that lapses would rightly be sold again, and the verdict counts on none doing so. */
const holdTtlSeconds = 2 * 3600;
const ticketTypeId = 'standard';
/** Node compiles what runs often, so the first thousands of requests say little about the rest. */
const warmUp = { buyers: 5000, tickets: 500 };

/** Runs one burst and ends the process: 0 when every rule held, 1 when not, 2 for bad arguments. */
export function main(args: string[], env: NodeJS.ProcessEnv): Promise<void> {
  return runCommand({
    usage,
    read: () => readOptions(args),
    async run(options, ending) {
      const report = await run(options, env, ending);
      print(report, options, reportText);
      return report.ok;
    },
  });
}

async function run(options: Options, env: NodeJS.ProcessEnv, ending: Ending): Promise<Report> {
  const target = options.url === null ? await startOwnEngine(env, ending) : await findRunningEngine(options.url, env);
  const { signal } = ending;
  if (options.url === null) {
    const seed = (options.seed + 1) % 2 ** 32;
    await burst(target, { ...options, ...warmUp, seed, rate: null }, { signal });
    say('warmed up');
  }

  const bar = new cliProgress.SingleBar({
    format: '  {bar} {value} of {total} reserves, {confirms} confirms, {duration} s',
    barsize: 30,
    noTTYOutput: true,
    notTTYSchedule: 2000,
  });
  const begin = () => bar.start(options.buyers, 0, { confirms: 0 });
  const onProgress = (reserves: number, confirms: number) => bar.update(reserves, { confirms });
  const { admin, saleId, shots, load } = await burst(target, options, { signal, begin, onProgress }).finally(() =>
    bar.stop(),
  );

  const seen = { reserves: shots.tally.counts('reserve'), confirms: shots.tally.counts('confirm') };
  const aftermath = await readAftermath(admin, saleId).catch((error: Error) => {
    const why = error.cause instanceof Error ? error.cause.message : error.message;
    throw new NotPossible(`no verdict: the books cannot be read (${why}); seen were ${JSON.stringify(seen)}`);
  });
  await admin.closeSale(saleId);
  const rules = judge({ ...options, ...shots, ...aftermath, ...seen });
  const machine = describeMachine(await admin.health());
  return makeReport({ options, saleId, machine, load, shots, aftermath, rules, logLines: target.logLines() });
}

/** One burst at a sale of its own. The buyers' tokens are signed before the clock starts. */
async function burst(
  target: Target,
  { buyers, tickets, confirm, connections, rate, seed }: Options,
  watch: Pick<ShootInput, 'signal' | 'onProgress'> & { begin?: () => void },
) {
  const admin = createAdmin(target.baseUrl, signAdmin(target.tokens));
  const saleId = `burst-${seed}-${Date.now().toString(36)}`;
  await admin.createSale({ saleId, ticketTypeId, tickets, holdTtlSeconds });
  const tokens = signCrowd(target.tokens, { buyers, seed });
  if (watch.begin) say(`the tokens of ${buyers} buyers are signed, and ${saleId} is open`);

  watch.begin?.();
  const loadUntilNow = watchLoad(target.pids);
  const shots: Shots = await shoot({
    ...{ baseUrl: target.baseUrl, tokens, saleId, ticketTypeId, connections, rate, timeoutSeconds },
    ...watch,
    pays: (buyer) => pays({ seed, buyer, share: confirm }),
  });
  return { admin, saleId, shots, load: loadUntilNow() };
}

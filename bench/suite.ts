// Question: how fast is the engine against the ceiling of its HTTP server, against the usual ways to do it, and is it right then?
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { dataFolder, projectFolder } from '../scripts/local.ts';
import { say } from '../scripts/say.ts';
import { spawnGuarded } from '../scripts/stores/guardian.ts';
import { cases } from './cases/all.ts';
import { findGenerator } from './load/generator.ts';
import { print, runCommand } from './own/command.ts';
import type { Ending } from './own/ending.ts';
import { describeMachine, type Machine } from './own/machine.ts';
import { reportText } from './report/text.ts';
import { writeReport } from './report/write.ts';
import { buildBench } from './suite/build-bench.ts';
import { type Options, readOptions, usageOf } from './suite/options.ts';
import type { CaseResult, Rule, SuiteResult } from './suite/result.ts';
import { type Lab, openScene, type Scene } from './suite/scene.ts';
import { needStorePrograms } from './suite/stores.ts';

/** Far beyond any run: at its end the folder of the built code is removed. */
const longestRunSeconds = 12 * 3600;

/** Runs the cases and ends the process: 0 when every check held, 1 when one failed, 2 for bad arguments. */
export function main(args: string[], env: NodeJS.ProcessEnv): Promise<void> {
  const known = new Map(cases.map(({ name, question }) => [name, question]));
  return runCommand({
    usage: usageOf(known),
    read: () => readOptions(args, known),
    async run(options, ending) {
      const result = await run(options, env, ending);
      print(result, options, reportText);
      const folder = outFolder(options);
      writeReport(folder, result);
      say(`the report is in ${folder}`);
      return result.cases.every(({ rules }) => rules.every((rule) => rule.ok));
    },
  });
}

/** What is committed is a whole run as production is; anything less must not take its place unasked. */
function outFolder({ out, cases: chosen, quick, binlog }: Options): string {
  if (out !== null) return out;
  return chosen.length === 0 && !quick && binlog ? join(projectFolder, 'bench', 'results') : join(dataFolder, 'bench');
}

async function run(options: Options, env: NodeJS.ProcessEnv, ending: Ending): Promise<SuiteResult> {
  const startedAt = new Date();
  const loadBefore = loadavg()[0] ?? 0;
  await needStorePrograms(env);
  const folder = join(dataFolder, `bench-${randomBytes(6).toString('hex')}`);
  await keepFolder(folder, ending);
  await buildBench(folder);
  const generator = findGenerator(options.load, { env, folder });
  say(`built what production runs; the load comes from ${generator.name}`);

  const lab: Lab = { options, folder, generator, env };
  const chosen = cases.filter(({ name }) => options.cases.length === 0 || options.cases.includes(name));
  const results: CaseResult[] = [];
  let machine: Machine | null = null;
  for (const each of chosen) {
    ending.signal.throwIfAborted();
    say(`${each.name}: ${each.question}`);
    const scene = await openScene(lab);
    ending.add(() => scene.close());
    try {
      machine ??= describeMachine(await scene.engine.admin.health());
      const result = await each.run(scene);
      results.push({ ...result, rules: [...result.rules, quiet(each.name, scene.engine)] });
    } finally {
      await scene.close();
    }
  }
  if (!machine) throw new Error('no case was run');
  return {
    ...{ machine, generator: generator.name, startedAt: startedAt.toISOString(), cases: results },
    ...{ binlog: options.binlog, quick: options.quick },
    ...{ rounds: options.rounds, seconds: options.seconds, connections: options.connections },
    tookSeconds: Math.round((Date.now() - startedAt.getTime()) / 1000),
    loadAverage: { before: loadBefore, after: loadavg()[0] ?? 0 },
  };
}

/** Makes a folder that is gone at the end, also when we are killed: a guardian removes it once its sleeper is over. */
async function keepFolder(folder: string, ending: Ending): Promise<void> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const sleeper = { command: 'sleep', args: [String(longestRunSeconds)], logFile: join(folder, 'sleeper.log') };
  const guardian = await spawnGuarded({ ...sleeper, removeFolder: folder });
  ending.add(() => guardian.end({ keep: false }));
}

/** An engine that logs errors under load has not done what was measured. Warnings may be about the load itself. */
function quiet(name: string, { logLines, worker }: Scene['engine']): Rule {
  const errors = [...logLines(), ...worker.logLines()].filter((line) => /"level":"?(50|60|error|fatal)/.test(line));
  return {
    rule: `${name}: the engine logged no error`,
    ok: errors.length === 0,
    numbers: errors[0]?.slice(0, 200) ?? '0',
  };
}

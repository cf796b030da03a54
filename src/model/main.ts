import { parseArgs } from 'node:util';
import { allRules, type Run, searchAll, searchWithout } from './run.ts';
import { allScenarios } from './scenarios-all.ts';

/**
 * `npm run model`: searches every scenario with all rules, where nothing may be found, then without each rule in turn, where
 * something must be. `--scenario name` searches one, `--without rule` (repeatable) leaves rules out, `--verbose` prints
 * schedules step by step.
 */
function main(): void {
  const { values } = parseArgs({
    options: {
      scenario: { type: 'string' },
      without: { type: 'string', multiple: true, default: [] },
      verbose: { type: 'boolean', default: false },
    },
  });
  const { scenario: name, without, verbose } = values;
  const scenarios = allScenarios.filter((scenario) => name === undefined || scenario.name === name);
  const unknown = without.find((rule) => !allRules.some((known) => known.name === rule));
  if (scenarios.length === 0 || unknown !== undefined) {
    console.error(unknown === undefined ? `there is no scenario ${name}` : `there is no rule ${unknown}`);
    process.exitCode = 1;
    return;
  }
  const startedAt = performance.now();
  console.log(without.length === 0 ? 'With all rules:' : `Without ${without.join(', ')}:`);
  const failures = searchAll(scenarios, without, (run) => printRun(run, verbose));
  const isWhole = name === undefined && without.length === 0;
  const notMissed = isWhole ? searchEachWithout(verbose) : 0;
  console.log(`\n${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
  process.exitCode = failures + notMissed > 0 ? 1 : 0;
}

/** Returns how many rules could be left out without anything being found. */
function searchEachWithout(verbose: boolean): number {
  let notMissed = 0;
  console.log('\nWithout one rule:');
  for (const rule of allRules) {
    const run = searchWithout(rule);
    if (!run) notMissed += 1;
    console.log(`  ${rule.name}: ${rule.meaning}`);
    if (run) printFound(run, verbose);
    else console.log('    NOTHING IS BROKEN WITHOUT IT');
  }
  return notMissed;
}

function printRun(run: Run, verbose: boolean): void {
  const { scenario, searched } = run;
  const end = searched.found ? 'BROKEN' : searched.complete ? 'holds' : 'NOT SEARCHED TO THE END';
  const figures = `${String(searched.states).padStart(6)} states ${(searched.ms / 1000).toFixed(2).padStart(6)} s`;
  console.log(`  ${scenario.name.padEnd(26)} ${figures}  ${end}`);
  if (searched.found) printFound(run, verbose);
}

function printFound({ scenario, searched }: Run, verbose: boolean): void {
  if (!searched.found) return;
  const { promise, schedule } = searched.found;
  console.log(`    ${scenario.name}: ${promise}`);
  console.log(verbose ? schedule.map((step) => `      ${step}`).join('\n') : `      ${schedule.join(' > ')}`);
}

main();

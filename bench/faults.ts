import { say } from '../scripts/say.ts';
import { openClient } from './faults/client.ts';
import { historyOf, keepEvidence } from './faults/evidence.ts';
import { waitUntilHealthy } from './faults/heal.ts';
import { requestText } from './faults/history.ts';
import { type Options, readOptions, usage } from './faults/options.ts';
import { makeRows, type Report, reportText, sumUp } from './faults/report.ts';
import { type Result, runSchedule } from './faults/run.ts';
import { makeSchedule, nameOfTurn, repeatCommand, scheduleText } from './faults/schedule.ts';
import { openStack, type Stack } from './faults/stack.ts';
import { print, runCommand } from './own/command.ts';
import type { Ending } from './own/ending.ts';
import { describeMachine } from './own/machine.ts';

// Question: whatever breaks while people buy, is every promise kept, and how soon does it serve again?

const shownMax = 3;
const requestsShownMax = 40;

/** Runs schedules of faults and ends the process: 0 when every rule held, 1 when not, 2 for bad arguments. */
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
  const { seed, first, schedules, faults } = options;
  const stack = await openStack(env, ending);
  const machine = describeMachine(await healthOf(stack));
  const results: Omit<Result, 'history'>[] = [];
  const broken: Report['broken'] = [];
  for (let number = first; number < first + schedules; number += 1) {
    ending.signal.throwIfAborted();
    const schedule = makeSchedule({ seed, number, name: nameOfTurn(faults, { seed, number }) });
    try {
      const { history, ...result } = await runSchedule(stack, schedule, options);
      results.push(result);
      say(`${scheduleText(schedule)}  ${outcomeText(result)}`);
      if (result.violations.length > 0) broken.push(tell(stack, { ...result, history }));
    } catch (error) {
      ending.signal.throwIfAborted();
      // A schedule that could not be judged has not shown that anything holds.
      say(`${scheduleText(schedule)}  | BROKEN: the bench itself failed`);
      console.error(error);
      const rules = [`the bench itself failed: ${(error as Error).message.split('\n')[0]}`];
      broken.push({ command: repeatCommand(schedule), rules, evidence: 'see above' });
      await waitUntilHealthy(stack);
    }
  }
  return {
    ...{ ok: broken.length === 0, options, machine, schedules: results.length, broken },
    ...{ rows: makeRows(results), total: sumUp('all', results) },
  };
}

async function healthOf({ servers, secret }: Stack) {
  const client = openClient(servers, secret);
  const { body } = await client.ask({ method: 'GET', path: '/health', caller: 'checker', scope: 'admin', server: 0 });
  client.close();
  return body as Record<'redis' | 'mysql', { version: string | null }>;
}

function outcomeText(result: Omit<Result, 'history'>): string {
  const ms = (value: number | null) => (value === null ? 'never' : `${Math.round(value)} ms`);
  return [
    `| ${result.injected} injected, ${result.requests} requests, ${result.unknowns} unknown`,
    `serves again ${ms(result.serveAgainMs)}, conserved ${ms(result.conservationMs)}, rest ${ms(result.restMs)}`,
    result.violations.length === 0 ? 'held' : `BROKEN: ${result.violations.length} violations`,
  ].join(', ');
}

/** Keeps the evidence of a schedule that broke a rule, and shows the first of it. */
function tell(stack: Stack, result: Result): Report['broken'][number] {
  const { schedule, violations, history, startedMs } = result;
  const evidence = keepEvidence(stack, result);
  for (const violation of violations.slice(0, shownMax)) {
    console.log(`        BROKEN  ${violation.rule}: ${violation.text}`);
    for (const request of historyOf(violation, history).slice(0, requestsShownMax)) {
      console.log(`          ${requestText(request, startedMs)}`);
    }
  }
  const command = repeatCommand(schedule);
  console.log(`        everything is in ${evidence}\n        again: ${command}`);
  return { command, rules: [...new Set(violations.map(({ rule }) => rule))], evidence };
}

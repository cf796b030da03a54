import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dataFolder } from '../../scripts/local.ts';
import { type Request, requestText } from './history.ts';
import { redisLog } from './redis-pair.ts';
import type { Result } from './run.ts';
import { repeatCommand, scheduleText } from './schedule.ts';
import type { Stack } from './stack.ts';
import type { Violation } from './truth.ts';

const logLines = 60;
const violationsMax = 20;

/** Writes down everything that explains the violations of a schedule, for whoever looks for their cause; says where. */
export function keepEvidence(stack: Stack, result: Result): string {
  const folder = join(dataFolder, 'faults-evidence');
  mkdirSync(folder, { recursive: true });
  const { seed, number, name } = result.schedule;
  const file = join(folder, `${seed}-${number}-${name}.txt`);
  writeFileSync(file, `${evidenceText(stack, result).join('\n')}\n`);
  return file;
}

function evidenceText(stack: Stack, result: Result): string[] {
  const { schedule, violations, history, startedMs } = result;
  return [
    scheduleText(schedule),
    repeatCommand(schedule),
    '',
    ...violations
      .slice(0, violationsMax)
      .flatMap((violation) => [
        `BROKEN  ${violation.rule}: ${violation.text}  ${JSON.stringify(violation.about)}`,
        ...historyOf(violation, history).map((request) => `    ${requestText(request, startedMs)}`),
        '',
      ]),
    JSON.stringify(result.outcomes, null, 2),
    ...[...stack.servers, ...stack.workers].flatMap((process) => [
      '',
      `${process.name} logged last`,
      ...process.logTail(logLines),
    ]),
    '',
    'Redis logged last',
    ...redisLog(stack.redis.master(), logLines),
    '',
    'the whole history',
    ...history.map((request) => requestText(request, startedMs)),
  ];
}

/** Everything about the hold, and about its buyer in the same sale, in the order in which it was asked. */
export function historyOf({ about }: Violation, history: readonly Request[]): Request[] {
  const { holdId, buyerId, subject } = about;
  const isAbout = (request: Request) =>
    (holdId !== undefined && request.holdId === holdId) ||
    (buyerId !== undefined && request.buyerId === buyerId && request.subject === subject);
  return history.filter(isAbout).sort((a, b) => a.startMs - b.startMs);
}

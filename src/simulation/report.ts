import type { Failure, Settings } from './simulate.ts';
import type { Tally } from './tally.ts';

/** What was done and how it ended, kind by kind. */
export function tallyText(tally: Tally, ms: number): string {
  const perSecond = Math.round((tally.operations * 1000) / ms);
  const rows = [...tally.words]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([kind, words]) => {
      const sorted = [...words].sort(([, a], [, b]) => b - a).map(([word, times]) => `${word} ${times}`);
      return `  ${kind.padEnd(22)} ${sorted.join(', ')}`;
    });
  const seconds = (ms / 1000).toFixed(1);
  return [
    ...rows,
    `${tally.operations} operations in ${tally.runs} runs on ${tally.runs * 2} sales, ${tally.comparisons} comparisons of both stores`,
    `${seconds} s, ${perSecond} operations/s: everything agreed with the oracle`,
  ].join('\n');
}

/** What went wrong, by as few operations as could be found, and how to see it again. */
export function failureText(
  settings: Settings,
  { error, trace, operationsBefore, path, replayPath, shrinks }: Failure,
): string {
  const { seed, operations, runOperations } = settings;
  const command = `npm run sim -- --seed ${seed} --ops ${operations} --run-ops ${runOperations}`;
  return [
    `found after ${operationsBefore} operations, made smaller ${shrinks} times:`,
    ...trace.map((line) => `  ${line}`),
    '',
    detailOf(error),
    '',
    'See it again:',
    `  ${command} --path ${path} --replay-path '${replayPath}'`,
    'Find and make it smaller again:',
    `  ${command}`,
  ].join('\n');
}

function detailOf(error: Error): string {
  const { details } = error as Error & { details?: string };
  return [error.name === 'Assertion' ? error.message : (error.stack ?? error.message), details ?? '']
    .join('\n')
    .trimEnd();
}

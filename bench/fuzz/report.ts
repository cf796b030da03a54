import type { Machine } from '../own/machine.ts';
import type { FuzzResult } from './run.ts';
import type { Counts } from './tally.ts';

/** What a run found and what it did, for people. */
export function reportText(input: FuzzResult & { seed: number; machine: Machine; logLines: string[] }): string {
  const { good, bad, findings, attackMs, seed, machine, logLines } = input;
  const sent = sum(bad.mutations());
  const told = [machine.cpu, `${machine.cores} cores`, `Node ${machine.node}`, `${machine.redis}`];
  return [
    '',
    `seed ${seed}: ${count(sent)} bad requests in ${(attackMs / 1000).toFixed(1)} s, after ${count(sum(good.mutations()))} good ones`,
    `${told.join(', ')}, MySQL ${machine.mysql}, commit ${machine.commit ?? 'unknown'}`,
    '',
    ...rows('what was wrong with them', bad.mutations()),
    '',
    ...Object.entries(bad.operations()).flatMap(([operation, outcomes]) => rows(operation, outcomes)),
    '',
    ...rows('good requests', merged(Object.values(good.operations()))),
    '',
    ...logLines.slice(0, 5).map((line) => `  logged at warn or above: ${line.slice(0, 300)}`),
    ...findings.flatMap(({ mutation, operation, fault, command }) => [
      `  FOUND  ${operation}, ${mutation}: ${fault}`,
      `         ${command}`,
    ]),
    findings.length === 0
      ? 'nothing was found: no 5xx, no answer that is not documented, no change of a store'
      : `${findings.length} findings`,
  ].join('\n');
}

function rows(title: string, counts: Counts): string[] {
  const most = Object.entries(counts).sort(([, a], [, b]) => b - a);
  return [
    `  ${title}: ${count(sum(counts))}`,
    ...most.map(([name, times]) => `    ${name.padEnd(60)}${count(times).padStart(8)}`),
  ];
}

function merged(all: Counts[]): Counts {
  const total: Counts = {};
  for (const counts of all)
    for (const [name, times] of Object.entries(counts)) total[name] = (total[name] ?? 0) + times;
  return total;
}

function sum(counts: Counts): number {
  return Object.values(counts).reduce((total, times) => total + times, 0);
}

function count(number: number): string {
  return number.toLocaleString('en-US');
}

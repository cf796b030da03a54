import type { SuiteResult } from '../suite/result.ts';
import type { Spread } from '../suite/statistics.ts';
import type { Target, Verdict } from '../suite/targets.ts';

/** A whole number with thousands apart. */
export function count(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** `12,345 (11,900–12,800)`; one round has no spread. */
export function spreadText({ median, min, max, rounds }: Spread, text: (value: number) => string): string {
  return rounds === 1 ? text(median) : `${text(median)} (${text(min)}–${text(max)})`;
}

/** Two digits that mean something. */
export function ratio(value: number): string {
  return value.toFixed(value < 0.1 ? 3 : 2);
}

/** `≥ 0.40` or `≤ 400 B`. */
export function markText({ better, unit }: Pick<Target, 'better' | 'unit'>, mark: number | null): string {
  if (mark === null) return '';
  return `${better === 'more' ? '≥' : '≤'} ${withUnit(mark, unit)}`;
}

/** What was measured, or a dash. */
export function valueText({ value, unit }: Pick<Verdict, 'value' | 'unit'>): string {
  return value === null ? '–' : withUnit(round(value), unit);
}

function withUnit(value: number, unit: Target['unit']): string {
  if (unit === '') return value.toFixed(2);
  return unit === '×' ? `${value} ×` : `${value} ${unit}`;
}

function round(value: number): number {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return Number(value.toFixed(digits));
}

/** Where and how it was measured, in one line each. */
export function describeRun(result: SuiteResult): string[] {
  const { machine, loadAverage } = result;
  const how = `${result.rounds} rounds of ${result.seconds} s unless a note says otherwise, ${result.connections} connections, load by ${result.generator}`;
  return [
    `${machine.cpu}, ${machine.cores} cores, Node ${machine.node}, ${machine.redis}, MySQL ${machine.mysql} ${result.binlog ? 'with' : 'without'} a binary log, commit ${machine.commit ?? 'unknown'}`,
    `${result.startedAt}, ${count(result.tookSeconds)} s; ${how}`,
    `load average ${loadAverage.before.toFixed(1)} before and ${loadAverage.after.toFixed(1)} after`,
    ...(result.quick
      ? ['QUICK: one short round, fewer holds and buyers. It shows that the bench works, not how fast the engine is.']
      : []),
  ];
}

import type { Machine } from '../own/machine.ts';
import type { Options } from './options.ts';
import type { Result } from './run.ts';

/** One row of the table: every run of one fault. Times in milliseconds from the end of the harm. */
export type Row = {
  fault: string;
  runs: number;
  injected: number;
  requests: number;
  unknowns: number;
  serveAgainMs: Spread | null;
  conservationMs: Spread | null;
  violations: number;
};

type Spread = { p50: number; max: number };

/** Everything that `--json` tells. */
export type Report = {
  ok: boolean;
  options: Options;
  machine: Machine;
  schedules: number;
  rows: Row[];
  total: Row;
  broken: { command: string; rules: string[]; evidence: string }[];
};

/** Adds the runs up, one row per fault in the order of their first turn. */
export function makeRows(results: readonly Omit<Result, 'history'>[]): Row[] {
  const names = [...new Set(results.map(({ schedule }) => schedule.name))].sort();
  return names.map((name) =>
    sumUp(
      name,
      results.filter(({ schedule }) => schedule.name === name),
    ),
  );
}

/** One row over all of these runs. */
export function sumUp(fault: string, results: readonly Omit<Result, 'history'>[]): Row {
  const sum = (of: (result: Omit<Result, 'history'>) => number) => results.reduce((total, it) => total + of(it), 0);
  return {
    fault,
    runs: results.length,
    injected: sum(({ injected }) => injected),
    requests: sum(({ requests }) => requests),
    unknowns: sum(({ unknowns }) => unknowns),
    serveAgainMs: spread(results.map((result) => result.serveAgainMs)),
    conservationMs: spread(results.map((result) => result.conservationMs)),
    violations: sum(({ violations }) => violations.length),
  };
}

function spread(values: (number | null)[]): Spread | null {
  const known = values.filter((value) => value !== null).sort((a, b) => a - b);
  const at = (share: number) => Math.round(known[Math.ceil(share * known.length) - 1] ?? 0);
  return known.length === 0 ? null : { p50: at(0.5), max: at(1) };
}

/** The same for people. */
export function reportText({ ok, options, machine, schedules, rows, total, broken }: Report): string {
  const told = [
    machine.cpu,
    `${machine.cores} cores`,
    `Node ${machine.node}`,
    `${machine.redis}`,
    `MySQL ${machine.mysql}`,
  ];
  return [
    '',
    `${schedules} schedules, seed ${options.seed}, ${options.rate} visitors/s`,
    `${told.join(', ')}, commit ${machine.commit ?? 'unknown'}`,
    '',
    '| fault | runs | injected | requests | unknown | serves again, ms p50 / max | conserved, ms p50 / max | violations |',
    '|---|---:|---:|---:|---:|---:|---:|---:|',
    ...rows.map(rowText),
    rowText(total),
    '',
    ...broken.flatMap(({ command, rules, evidence }) => [
      `BROKEN  ${rules.join('; ')}`,
      `  ${command}`,
      `  ${evidence}`,
      '',
    ]),
    ok ? 'every rule held in every schedule' : `${broken.length} schedules broke a rule`,
  ].join('\n');
}

function rowText(row: Row): string {
  const times = (it: Spread | null) => (it === null ? 'never' : `${it.p50} / ${it.max}`);
  const numbers = [row.runs, row.injected, row.requests, row.unknowns].map((number) => number.toLocaleString('en-US'));
  const cells = [row.fault, ...numbers, times(row.serveAgainMs), times(row.conservationMs), row.violations];
  return `| ${cells.join(' | ')} |`;
}

import type { Load, Machine } from '../own/machine.ts';
import type { Aftermath } from './aftermath.ts';
import type { Options } from './options.ts';
import type { Shots } from './shoot.ts';
import type { Counts, Latency, Tally } from './tally.ts';
import { type Rule, unknownOf } from './verdict.ts';

/** Everything that `--json` tells. Latencies in milliseconds, throughput in answers a second, load in cores. */
export type Report = {
  ok: boolean;
  options: Options;
  saleId: string;
  machine: Machine;
  load: Load;
  throughput: { reserve: Throughput; confirm: Throughput };
  latency: Record<string, Latency | null>;
  outcomes: { reserve: Counts; confirm: Counts; unknown: { reserve: number; confirm: number } };
  stock: Aftermath['stock'];
  orders: number;
  waitedMs: number;
  rules: Rule[];
  logLines: string[];
};

type Throughput = { answers: number; seconds: number; perSecond: number };

export function makeReport(input: {
  options: Options;
  saleId: string;
  machine: Machine;
  load: Load;
  shots: Shots;
  aftermath: Aftermath;
  rules: Rule[];
  logLines: string[];
}): Report {
  const { shots, aftermath, rules } = input;
  const { tally } = shots;
  const reserve = tally.counts('reserve');
  const confirm = tally.counts('confirm');
  return {
    ok: rules.every((rule) => rule.ok),
    options: input.options,
    saleId: input.saleId,
    machine: input.machine,
    load: input.load,
    throughput: {
      reserve: throughput(tally.latency('reserve'), shots.reserveMs),
      confirm: throughput(tally.latency('confirm'), shots.confirmMs),
    },
    latency: latencies(tally),
    outcomes: { reserve, confirm, unknown: { reserve: unknownOf(reserve), confirm: unknownOf(confirm) } },
    stock: aftermath.stock,
    orders: aftermath.orders.length,
    waitedMs: Math.round(aftermath.waitedMs),
    rules,
    logLines: input.logLines,
  };
}

function throughput(latency: Latency | null, ms: number): Throughput {
  const answers = latency?.count ?? 0;
  return { answers, seconds: Math.round(ms) / 1000, perSecond: ms === 0 ? 0 : Math.round((answers * 1000) / ms) };
}

function latencies(tally: Tally): Record<string, Latency | null> {
  return {
    reserve: tally.latency('reserve'),
    'reserve, held': tally.latency('reserve', (outcome) => outcome === '201 held'),
    'reserve, refused': tally.latency('reserve', (outcome) => outcome.startsWith('409')),
    confirm: tally.latency('confirm'),
  };
}

/** The same for people. */
export function reportText(report: Report): string {
  const { options, machine, throughput: done } = report;
  const loop = options.rate === null ? 'closed loop' : `open loop of ${count(options.rate)}/s`;
  const told = [machine.cpu, `${machine.cores} cores`, `Node ${machine.node}`, `${machine.redis}`];
  return [
    '',
    `${count(options.buyers)} buyers, ${count(options.tickets)} tickets, confirm ${options.confirm}, seed ${options.seed}, ${options.connections} connections, ${loop}`,
    `${told.join(', ')}, MySQL ${machine.mysql}, commit ${machine.commit ?? 'unknown'}`,
    '',
    `  reserve  ${perSecond(done.reserve)}`,
    `  confirm  ${perSecond(done.confirm)}`,
    `  busy     ${loadText(report.load)} of ${machine.cores} cores`,
    '',
    row('latency, ms', ['count', 'p50', 'p99', 'p99.9', 'max']),
    ...Object.entries(report.latency).map(([name, it]) =>
      row(name, it ? [count(it.count), ...[it.p50, it.p99, it.p999, it.max].map((ms) => ms.toFixed(1))] : ['none']),
    ),
    '',
    row('outcomes', ['count']),
    ...(['reserve', 'confirm'] as const).flatMap((kind) =>
      Object.entries(report.outcomes[kind])
        .sort(([, a], [, b]) => b - a)
        .map(([outcome, times]) => row(`${kind} ${outcome}`, [count(times)])),
    ),
    '',
    ...report.rules.map(({ rule, ok, numbers }) => `  ${ok ? 'ok    ' : 'BROKEN'}  ${rule}: ${numbers}`),
    ...logText(report.logLines),
    '',
    report.ok ? 'every rule held' : `${report.rules.filter((rule) => !rule.ok).length} rules were broken`,
  ].join('\n');
}

function perSecond({ answers, seconds, perSecond: rate }: Throughput): string {
  return `${count(rate)}/s (${count(answers)} answers in ${seconds.toFixed(2)} s)`;
}

function loadText({ client, server, worker, machine }: Load): string {
  const ours = server === null ? '' : `, server ${server}, worker ${worker}`;
  return `client ${client}${ours}, whole machine ${machine}`;
}

function logText(lines: string[]): string[] {
  if (lines.length === 0) return [];
  return [
    '',
    `  the engine logged ${lines.length} times at level warn or above, first:`,
    ...lines.slice(0, 5).map(shortly),
  ];
}

/** A line of the log without its stack and the rest; one that is not ours as it is. */
function shortly(line: string): string {
  try {
    const { level, msg, err, route } = JSON.parse(line) as Record<string, string> & { err?: { message?: string } };
    return `  ${[level, route, msg, err?.message].filter(Boolean).join(': ')}`;
  } catch {
    return `  ${line.slice(0, 200)}`;
  }
}

function row(name: string, cells: string[]): string {
  return `  ${name.padEnd(28)}${cells.map((cell) => cell.padStart(10)).join('')}`;
}

function count(number: number): string {
  return number.toLocaleString('en-US');
}

import type { CaseResult, LatencyPoint, LiveHoldsPoint, Row, SuiteResult } from '../suite/result.ts';
import { judgeTargets, type Verdict } from '../suite/targets.ts';
import { count, describeRun, markText, ratio, spreadText, valueText } from './format.ts';

/** The whole result as Markdown, tables first; the same text stands in the README. */
export function markdownOf(result: SuiteResult): string {
  const { cases } = result;
  const latency = cases.flatMap((each) => each.latency);
  const liveHolds = cases.flatMap((each) => each.liveHolds);
  return [
    ...describeRun(result).map((line) => `${line}  `),
    '',
    ...section('Throughput', rowsTable(cases)),
    ...section('Targets', targetsTable(judgeTargets(cases))),
    ...section('Latency by load', latencyTable(latency.filter(({ share }) => share > 0))),
    ...section('One at a time', latencyTable(latency.filter(({ share }) => share === 0))),
    ...section('Live holds', liveHoldsTable(liveHolds)),
    ...section('Notes', notesOf(cases)),
    ...section('Checks', checksOf(cases)),
  ].join('\n');
}

function section(title: string, lines: string[]): string[] {
  return lines.length === 0 ? [] : [`## ${title}`, '', ...lines, ''];
}

function table(head: string[], rows: string[][], left = 1): string[] {
  if (rows.length === 0) return [];
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, index) => (index < left ? '---' : '--:'))), ...rows.map(line)];
}

function rowsTable(cases: readonly CaseResult[]): string[] {
  const cells = (name: string, { kind, ...row }: Row, isFirst: boolean) => [
    isFirst ? name : '',
    kind === 'engine' ? `**${row.name}**` : row.name,
    spreadText(row.perSecond, count),
    spreadText(row.ratio, ratio),
    row.bottleneck,
    busyText(row.busy),
  ];
  const rows = cases.flatMap((each) => each.rows.map((row, index) => cells(each.name, row, index === 0)));
  return table(['case', 'program', 'a second', 'ratio to echo', 'bottleneck', 'busy cores'], rows, 2);
}

function busyText(busy: Row['busy']): string {
  return Object.entries(busy)
    .map(([name, cores]) => `${name} ${cores.toFixed(2)}`)
    .join(', ');
}

function targetsTable(verdicts: readonly Verdict[]): string[] {
  const rows = verdicts.map((verdict) => [
    ...[verdict.what, markText(verdict, verdict.must), markText(verdict, verdict.reach)],
    ...[valueText(verdict), verdict.word === 'missed' ? '**missed**' : verdict.word],
  ]);
  return table(['target', 'must', 'reach', 'measured', ''], rows);
}

function latencyTable(points: readonly LatencyPoint[]): string[] {
  const ms = (value: number) => value.toFixed(2);
  const rows = points.map((point) => [
    point.name,
    ...(point.share > 0 ? [`${point.share * 100} %`, count(point.perSecond)] : ['one', '']),
    ...[ms(point.p50), ms(point.p90), ms(point.p99), ms(point.p999), count(point.count)],
  ]);
  return table(['program', 'load', 'a second', 'p50 ms', 'p90', 'p99', 'p99.9', 'answers'], rows);
}

function liveHoldsTable(points: readonly LiveHoldsPoint[]): string[] {
  const bytes = (value: number | null) => (value === null ? '–' : count(value));
  const rows = points.map((point) => [
    ...[count(point.holds), spreadText(point.perSecond, count), spreadText(point.ratio, ratio)],
    ...[bytes(point.bytesPerHold), bytes(point.bytesPerHoldWithLog)],
  ]);
  return table(['live holds', 'reserves a second', 'ratio to echo', 'bytes per hold', 'with the decision log'], rows);
}

function notesOf(cases: readonly CaseResult[]): string[] {
  return cases.flatMap(({ name, notes }) => notes.map((note) => `- ${name}: ${note}`));
}

function checksOf(cases: readonly CaseResult[]): string[] {
  return cases.flatMap(({ name, rules }) => {
    const failed = rules.filter((rule) => !rule.ok);
    const all = `- ${name}: ${rules.length - failed.length} of ${rules.length} held`;
    return [all, ...failed.map(({ rule, numbers }) => `  - **FAILED** ${rule}: ${numbers}`)];
  });
}

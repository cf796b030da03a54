import type { Machine } from '../own/machine.ts';
import type { Spread } from './statistics.ts';

/** Cores that each process kept busy: `server`, `redis`, `mysql`, `client` and so on, and the whole machine. */
export type Busy = Record<string, number>;

/** Something that was checked after a case; `numbers` are those that it was judged by. */
export type Rule = { rule: string; ok: boolean; numbers: string };

/** One line of the table: requests a second of one program, and their ratio to the echo of the same round. */
export type Row = {
  name: string;
  kind: 'ceiling' | 'engine' | 'baseline';
  perSecond: Spread;
  ratio: Spread;
  busy: Busy;
  bottleneck: string;
};

/** Latency at a fixed arrival rate, milliseconds. `share` is that of saturation, 0 for one request at a time. */
export type LatencyPoint = {
  name: string;
  share: number;
  perSecond: number;
  count: number;
  p50: number;
  p90: number;
  p99: number;
  p999: number;
};

/** Reserving while so many holds are alive. */
export type LiveHoldsPoint = {
  holds: number;
  perSecond: Spread;
  ratio: Spread;
  bytesPerHold: number | null;
  bytesPerHoldWithLog: number | null;
};

/** What one case saw. */
export type CaseResult = {
  name: string;
  question: string;
  rows: Row[];
  /** Single figures by name, for targets: the names in targets.ts are `<case>.<measure>`. */
  measures: Record<string, number>;
  latency: LatencyPoint[];
  liveHolds: LiveHoldsPoint[];
  rules: Rule[];
  notes: string[];
};

/** A whole run, as `results.json` has it. */
export type SuiteResult = {
  machine: Machine;
  generator: string;
  binlog: boolean;
  quick: boolean;
  rounds: number;
  seconds: number;
  connections: number;
  startedAt: string;
  tookSeconds: number;
  /** The load of the last minute, before the first case and after the last: other work shows here. */
  loadAverage: { before: number; after: number };
  cases: CaseResult[];
};

/** A result to be filled: each case has only some kinds of figures. */
export function emptyResult(input: { name: string; question: string }): CaseResult {
  return { ...input, rows: [], measures: {}, latency: [], liveHolds: [], rules: [], notes: [] };
}

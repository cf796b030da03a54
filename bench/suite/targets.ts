import type { CaseResult } from './result.ts';

/** `must` is what the parts add up to, `reach` what we want to be known for; `null` where there is no second mark. */
export type Target = {
  what: string;
  /** `<case>.<measure>` */
  measure: string;
  better: 'more' | 'less';
  must: number;
  reach: number | null;
  unit: '' | '×' | 's' | 'ms' | 'B' | 'scripts' | 'tickets';
};

/** A target and what became of it. */
export type Verdict = Target & { value: number | null; word: 'reached' | 'met' | 'missed' | 'not measured' };

const more = (must: number, reach: number | null) => ({ better: 'more', must, reach }) as const;
const less = (must: number, reach: number | null) => ({ better: 'less', must, reach }) as const;

/** Ratios are to the echo of the same round. */
export const targets: readonly Target[] = [
  { what: 'reserve, every request wins', measure: 'reserve.ratio', ...more(0.4, 0.55), unit: '' },
  { what: 'refusal when sold out', measure: 'sold-out.ratio', ...more(0.6, 0.8), unit: '' },
  { what: 'confirm, every order durable', measure: 'confirm.ratio', ...more(0.18, 0.3), unit: '' },
  { what: 'confirm against SELECT … FOR UPDATE', measure: 'confirm.times for update', ...more(10, 20), unit: '×' },
  { what: 'coupon issue, consumer running', measure: 'coupon.ratio', ...more(0.35, 0.5), unit: '' },
  { what: 'coupon lag back to 0', measure: 'coupon.lag seconds', ...less(5, null), unit: 's' },
  { what: 'stampede: tickets sold too many or too few', measure: 'stampede.off by', ...less(0, 0), unit: 'tickets' },
  { what: 'stampede: throughput', measure: 'stampede.ratio', ...more(0.6, 0.8), unit: '' },
  { what: "stampede: p99 against the echo's", measure: 'stampede.p99 times echo', ...less(2, null), unit: '×' },
  {
    what: 'mass expiry: all back after the last deadline',
    measure: 'expiry.restored seconds',
    ...less(2, 1),
    unit: 's',
  },
  { what: 'mass expiry: scripts over 5 ms', measure: 'expiry.slow scripts', ...less(0, null), unit: 'scripts' },
  { what: 'mass expiry: reserve p99 against before', measure: 'expiry.p99 times before', ...less(3, null), unit: '×' },
  {
    what: 'more than 1,000,000 live holds: speed of that at 1,000',
    measure: 'live-holds.speed kept',
    ...more(0.9, null),
    unit: '',
  },
  { what: '1,000,000 live holds: Redis per hold', measure: 'live-holds.bytes per hold', ...less(400, 250), unit: 'B' },
  { what: 'idle: what coalescing adds to a reserve', measure: 'idle.reserve adds ms', ...less(1, null), unit: 'ms' },
  { what: 'idle: what group commit adds to a confirm', measure: 'idle.confirm adds ms', ...less(1, null), unit: 'ms' },
];

/** Holds every target against what was measured. */
export function judgeTargets(cases: readonly CaseResult[]): Verdict[] {
  return targets.map((target) => {
    const dot = target.measure.indexOf('.');
    const found = cases.find(({ name }) => name === target.measure.slice(0, dot));
    const value = found?.measures[target.measure.slice(dot + 1)] ?? null;
    return { ...target, value, word: value === null ? 'not measured' : wordFor(target, value) };
  });
}

function wordFor({ better, must, reach }: Target, value: number): Verdict['word'] {
  const passes = (mark: number) => (better === 'more' ? value >= mark : value <= mark);
  if (reach !== null && passes(reach)) return 'reached';
  return passes(must) ? 'met' : 'missed';
}

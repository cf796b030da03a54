import { emptyResult, type Row, type SuiteResult } from '../suite/result.ts';
import type { Spread } from '../suite/statistics.ts';

const spread = (median: number, min: number, max: number): Spread => ({ median, min, max, rounds: 3 });

function row(input: Pick<Row, 'name' | 'kind'> & { perSecond: Spread; ratio: Spread }): Row {
  return { ...input, busy: { server: 0.98, client: 0.31, machine: 1.6 }, bottleneck: 'server 0.98' };
}

/** A run with fixed figures: two cases with rows, points of latency and live holds, one check that failed. */
export const sampleResult: SuiteResult = {
  machine: {
    cpu: 'A CPU',
    cores: 2,
    node: '20.20.2',
    redis: 'Redis 7.0.15',
    mysql: '10.11.19-MariaDB',
    commit: 'abc1234',
  },
  ...{ generator: 'wrk', binlog: true, quick: false, rounds: 3, seconds: 3, connections: 100 },
  ...{ startedAt: '2026-11-24T12:00:00.000Z', tookSeconds: 700, loadAverage: { before: 0.1, after: 1.9 } },
  cases: [
    {
      ...emptyResult({ name: 'echo', question: 'what is the ceiling?' }),
      rows: [row({ name: 'echo', kind: 'ceiling', perSecond: spread(40_000, 39_000, 41_000), ratio: spread(1, 1, 1) })],
      rules: [{ rule: 'echo: nothing was refused', ok: true, numbers: '0 and 0' }],
    },
    {
      ...emptyResult({ name: 'reserve', question: 'how fast are tickets held?' }),
      rows: [
        row({ name: 'echo', kind: 'ceiling', perSecond: spread(40_000, 39_500, 40_500), ratio: spread(1, 1, 1) }),
        row({
          name: 'reserve',
          kind: 'engine',
          perSecond: spread(18_000, 17_000, 19_000),
          ratio: spread(0.45, 0.43, 0.47),
        }),
        row({
          name: 'lock <per> sale',
          kind: 'baseline',
          perSecond: spread(900, 800, 950),
          ratio: spread(0.0225, 0.02, 0.024),
        }),
      ],
      measures: { ratio: 0.45 },
      rules: [
        { rule: 'reserve: every answer was 201', ok: true, numbers: '162000 × 201' },
        { rule: 'reserve: holds granted = held in Redis', ok: false, numbers: '162000 and 161999' },
      ],
      notes: ['A note.'],
    },
    {
      ...emptyResult({ name: 'latency', question: 'how long do buyers wait?' }),
      latency: [
        { name: 'echo', share: 0.1, perSecond: 4000, count: 12_000, p50: 0.6, p90: 1.1, p99: 2.5, p999: 4 },
        { name: 'echo', share: 0.5, perSecond: 20_000, count: 60_000, p50: 0.9, p90: 1.9, p99: 4.5, p999: 9 },
        { name: 'reserve', share: 0.1, perSecond: 1800, count: 5400, p50: 1.2, p90: 2, p99: 5, p999: 8 },
        { name: 'reserve', share: 0.5, perSecond: 9000, count: 27_000, p50: 2.2, p90: 4, p99: 11, p999: 20 },
      ],
    },
    {
      ...emptyResult({ name: 'live-holds', question: 'does reserving become slower?' }),
      liveHolds: [
        {
          holds: 1000,
          perSecond: spread(18_000, 17_900, 18_100),
          ratio: spread(0.45, 0.44, 0.46),
          bytesPerHold: null,
          bytesPerHoldWithLog: null,
        },
        {
          holds: 1_000_000,
          perSecond: spread(17_000, 16_500, 17_500),
          ratio: spread(0.42, 0.41, 0.43),
          bytesPerHold: 310.4,
          bytesPerHoldWithLog: 312,
        },
      ],
      measures: { 'speed kept': 0.93, 'bytes per hold': 310.4 },
    },
  ],
};

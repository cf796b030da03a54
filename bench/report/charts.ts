import type { EChartsOption } from 'echarts';
import type { LatencyPoint, LiveHoldsPoint, Row, SuiteResult } from '../suite/result.ts';
import { count } from './format.ts';

/** What a picture is made of; its file is `<name>.svg`. */
export type Chart = { name: string; height: number; option: EChartsOption };

/** Okabe and Ito's colours, which people with any colour vision can tell apart. */
const colours = { ceiling: '#999999', engine: '#0072b2', baseline: '#e69f00', other: '#009e73' };
const kinds = {
  ceiling: 'the ceiling: bare Hono echo',
  engine: 'onsale',
  baseline: 'the usual way',
} as const;
const barHeight = 24;

/** The pictures that this result has the figures for. */
export function chartsOf(result: SuiteResult): Chart[] {
  const points = result.cases.flatMap(({ latency }) => latency.filter(({ share }) => share > 0));
  const holds = result.cases.flatMap(({ liveHolds }) => liveHolds);
  const isMeasured = result.cases.some(({ rows }) => rows.length > 0);
  return [
    ...(isMeasured ? [throughput(result)] : []),
    ...(points.length > 0 ? [latency(points)] : []),
    ...(holds.length > 0 ? [liveHolds(holds)] : []),
  ];
}

function base(title: string, subtext: string): EChartsOption {
  return {
    animation: false,
    backgroundColor: '#ffffff',
    textStyle: { fontFamily: 'Helvetica, Arial, sans-serif', color: '#222222' },
    title: {
      text: title,
      subtext,
      left: 16,
      top: 12,
      textStyle: { fontSize: 17 },
      subtextStyle: { fontSize: 12, color: '#555555' },
    },
  };
}

/** One bar a program; the spread of its rounds stands in the table. */
function throughput({ cases, machine, quick }: SuiteResult): Chart {
  const bars = cases.flatMap(({ name, rows }) =>
    rows.filter(({ kind }) => kind !== 'ceiling' || name === 'echo').map((row) => ({ row, label: row.name })),
  );
  const ordered = bars.toReversed();
  const series = (Object.keys(kinds) as Row['kind'][]).map((kind) => ({
    ...{ type: 'bar' as const, name: kinds[kind], stack: 'all', itemStyle: { color: colours[kind] }, barWidth: 15 },
    data: ordered.map(({ row }) => (row.kind === kind ? Math.round(row.perSecond.median) : null)),
    label: {
      ...{ show: true, position: 'right' as const, fontSize: 12, color: '#222222' },
      formatter: ({ dataIndex }: { dataIndex: number }) => barText(ordered[dataIndex]?.row),
    },
  }));
  const most = Math.max(...bars.map(({ row }) => row.perSecond.median));
  return {
    name: 'throughput',
    height: 130 + bars.length * barHeight,
    option: {
      ...base(
        `Requests a second, and the share of the ceiling in the same round${quick ? ' (quick run)' : ''}`,
        `one server process, ${machine.cores} cores shared with Redis, MySQL and the load; medians; a purchase is two requests`,
      ),
      legend: { top: 62, left: 16, itemWidth: 14, itemGap: 30, data: series.map(({ name }) => name) },
      grid: { left: 225, right: 40, top: 94, bottom: 34 },
      xAxis: {
        type: 'value',
        max: Math.ceil((most * 1.2) / 1000) * 1000,
        axisLabel: { showMaxLabel: false, formatter: (value: number) => count(value) },
      },
      yAxis: {
        type: 'category',
        data: ordered.map(({ label }) => label),
        axisTick: { show: false },
        axisLabel: { color: '#222222' },
      },
      series,
    },
  };
}

function barText(row: Row | undefined): string {
  if (!row) return '';
  const share =
    row.kind === 'ceiling' ? '' : `   ${(100 * row.ratio.median).toFixed(row.ratio.median < 0.1 ? 1 : 0)} %`;
  return `${count(row.perSecond.median)}${share}`;
}

/** The median as a full line, the 99th percentile as a dashed one, one colour a program. */
function latency(points: LatencyPoint[]): Chart {
  const names = [...new Set(points.map(({ name }) => name))];
  const colourOf = (name: string) =>
    name === 'echo' ? colours.ceiling : name === 'reserve' ? colours.engine : colours.other;
  const percentiles = [
    { key: 'p50', text: 'p50', type: 'solid' },
    { key: 'p99', text: 'p99', type: 'dashed' },
  ] as const;
  const series = names.flatMap((name) =>
    percentiles.map(({ key, text, type }) => ({
      ...{
        type: 'line' as const,
        name: `${name} ${text}`,
        symbolSize: 7,
        symbol: key === 'p50' ? 'circle' : 'diamond',
      },
      ...{ lineStyle: { type, width: 2, color: colourOf(name) }, itemStyle: { color: colourOf(name) } },
      data: points.filter((point) => point.name === name).map((point) => [point.share * 100, point[key]]),
    })),
  );
  return {
    name: 'latency',
    height: 400,
    option: {
      ...base(
        'Latency by load, at a fixed arrival rate',
        'milliseconds from when a request was due to its answer; each program at shares of its own saturation',
      ),
      legend: { top: 62, left: 16, itemWidth: 28, itemGap: 26 },
      grid: { left: 70, right: 40, top: 112, bottom: 56 },
      xAxis: {
        type: 'value',
        min: 0,
        max: 100,
        interval: 25,
        name: '% of saturation',
        nameLocation: 'middle',
        nameGap: 30,
      },
      yAxis: {
        type: 'log',
        name: 'ms',
        axisLabel: { formatter: (value: number) => String(value) },
        minorSplitLine: { show: true },
      },
      series,
    },
  };
}

/** Throughput against how many holds are alive. */
function liveHolds(points: LiveHoldsPoint[]): Chart {
  return {
    name: 'live-holds',
    height: 340,
    option: {
      ...base(
        'Reserves a second while so many holds are alive',
        'median of the rounds, and the bytes of Redis that each hold takes',
      ),
      grid: { left: 80, right: 60, top: 96, bottom: 56 },
      xAxis: {
        ...{ type: 'log', name: 'live holds', nameLocation: 'middle', nameGap: 30 },
        ...{
          min: Math.min(...points.map(({ holds }) => holds)) / 2,
          max: Math.max(...points.map(({ holds }) => holds)) * 2,
        },
        axisLabel: { showMinLabel: false, showMaxLabel: false, formatter: (value: number) => count(value) },
      },
      // Room above the highest point, for what is written at it.
      yAxis: {
        ...{ type: 'value', min: 0, max: ({ max }) => Math.ceil((max * 1.25) / 1000) * 1000, name: 'a second' },
        axisLabel: { showMaxLabel: false, formatter: (value: number) => count(value) },
      },
      series: [
        {
          ...{ type: 'line', symbolSize: 9, symbol: 'circle', lineStyle: { color: colours.engine, width: 2 } },
          itemStyle: { color: colours.engine },
          data: points.map(({ holds, perSecond }) => [holds, Math.round(perSecond.median)]),
          label: {
            ...{ show: true, position: 'top', color: '#222222', fontSize: 12 },
            formatter: ({ dataIndex }: { dataIndex: number }) => pointText(points[dataIndex]),
          },
        },
      ],
    },
  };
}

function pointText(point: LiveHoldsPoint | undefined): string {
  if (!point) return '';
  const bytes = point.bytesPerHold === null ? '' : `\n${count(point.bytesPerHold)} B a hold`;
  return `${count(point.perSecond.median)}${bytes}`;
}

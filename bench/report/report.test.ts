import * as assert from 'uvu/assert';
import { suite } from '../../src/testing/suite.ts';
import { chartsOf } from './charts.ts';
import { draw } from './draw.ts';
import { markdownOf } from './markdown.ts';
import { pageOf } from './page.ts';
import { sampleResult } from './testing.ts';
import { reportText } from './text.ts';

const test = suite('report of the bench');

const markdown = markdownOf(sampleResult);

function sectionOf(title: string): string[] {
  const [, after = ''] = markdown.split(`## ${title}\n`);
  return (after.split('\n## ')[0] ?? '').trim().split('\n');
}

test('the table names program, median, spread, ratio to the echo and bottleneck', () => {
  assert.equal(sectionOf('Throughput'), [
    '| case | program | a second | ratio to echo | bottleneck | busy cores |',
    '| --- | --- | --: | --: | --: | --: |',
    '| echo | echo | 40,000 (39,000–41,000) | 1.00 (1.00–1.00) | server 0.98 | server 0.98, client 0.31, machine 1.60 |',
    '| reserve | echo | 40,000 (39,500–40,500) | 1.00 (1.00–1.00) | server 0.98 | server 0.98, client 0.31, machine 1.60 |',
    '|  | **reserve** | 18,000 (17,000–19,000) | 0.45 (0.43–0.47) | server 0.98 | server 0.98, client 0.31, machine 1.60 |',
    '|  | lock <per> sale | 900 (800–950) | 0.022 (0.020–0.024) | server 0.98 | server 0.98, client 0.31, machine 1.60 |',
  ]);
});

test('every target is there with its verdict', () => {
  const lines = sectionOf('Targets');

  assert.ok(lines.includes('| reserve, every request wins | ≥ 0.40 | ≥ 0.55 | 0.45 | met |'));
  assert.ok(lines.includes('| 1,000,000 live holds: Redis per hold | ≤ 400 B | ≤ 250 B | 310 B | met |'));
  assert.ok(lines.includes('| confirm, every order durable | ≥ 0.18 | ≥ 0.30 | – | not measured |'));
});

test('machine, versions, commit, generator and load are told before any figure', () => {
  const [first = ''] = markdown.split('## ');

  for (const word of [
    'A CPU',
    '2 cores',
    '20.20.2',
    'Redis 7.0.15',
    '10.11.19-MariaDB with a binary log',
    'abc1234',
    'wrk',
    'load average 0.1',
  ])
    assert.match(first, word);
});

test('a quick run says so in its first lines', () => {
  assert.not.match(markdown, 'QUICK');
  assert.match(markdownOf({ ...sampleResult, quick: true }).slice(0, 600), 'QUICK');
});

test('a check that failed stands out with its numbers', () => {
  assert.equal(sectionOf('Checks').slice(1, 3), [
    '- reserve: 1 of 2 held',
    '  - **FAILED** reserve: holds granted = held in Redis: 162000 and 161999',
  ]);
});

test('latency at rates and one at a time are different tables', () => {
  assert.is(sectionOf('Latency by load').length, 6);
  assert.not.match(markdown, '## One at a time');
});

test('on a terminal the columns stand below each other', () => {
  const lines = reportText(sampleResult).split('\n');
  const rows = lines.filter((line) => line.includes('(39,') || line.includes('(17,000'));

  assert.is(new Set(rows.map((line) => line.indexOf('server 0.98'))).size, 1);
});

test('the same figures give the same pictures, each with a title, units and a white ground', () => {
  const charts = chartsOf(sampleResult);
  const pictures = charts.map(draw);

  assert.equal(chartsOf(sampleResult).map(draw), pictures);
  assert.equal(
    charts.map(({ name }) => name),
    ['throughput', 'latency', 'live-holds'],
  );
  for (const svg of pictures) assert.match(svg, /fill="#ffffff"/);
  assert.match(pictures[0] ?? '', '18,000   45 %');
  assert.match(pictures[1] ?? '', '% of saturation');
  assert.match(pictures[2] ?? '', '310 B a hold');
});

test('what was not measured has no picture', () => {
  const [echo] = sampleResult.cases;

  assert.equal(
    chartsOf({ ...sampleResult, cases: echo ? [echo] : [] }).map(({ name }) => name),
    ['throughput'],
  );
});

test('the page shows the pictures and the tables, and nothing in a name becomes markup', () => {
  const page = pageOf(markdown, ['<svg>1</svg>']);

  assert.match(page, '<svg>1</svg>');
  assert.match(page, '<td class="left"><strong>reserve</strong></td><td>18,000 (17,000–19,000)</td>');
  assert.match(page, 'lock &lt;per> sale');
  assert.is(page.match(/<table>/g)?.length, page.match(/<\/table>/g)?.length);
});

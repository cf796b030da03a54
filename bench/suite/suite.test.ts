import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { suite } from '../../src/testing/suite.ts';
import { cases } from '../cases/all.ts';
import { takeAnswer } from '../load/line.ts';
import { requestText } from '../load/request.ts';
import { UsageError } from '../own/arguments.ts';
import { answersBetween, answersIn } from './admin-calls.ts';
import { onlyStatus, seenBothSides, settle } from './books.ts';
import { bottleneckOf } from './busy.ts';
import { readOptions } from './options.ts';
import { emptyResult } from './result.ts';
import { median, ratiosOf, spreadOf } from './statistics.ts';
import { judgeTargets, targets } from './targets.ts';

const test = suite('parts of the bench suite');

const folder = join(import.meta.dirname, '..');
const known = new Map(cases.map(({ name, question }) => [name, question]));
const fired = { answers: 1000, refused: 0, errors: 0, seconds: 1, p50Ms: 1, p99Ms: 2, ranOut: false };

test('each case asks its question in its first line, and in the list of cases', () => {
  const files = readdirSync(join(folder, 'cases')).filter((file) => file.endsWith('.ts'));
  const experiments = files.filter((file) => !['all.ts', 'arms.ts', 'case.ts'].includes(file));

  assert.is(experiments.length, cases.length);
  for (const { name, question } of cases) {
    const [first] = readFileSync(join(folder, 'cases', `${name}.ts`), 'utf8').split('\n');
    assert.is(first, `// Question: ${question}`);
    assert.ok(question.endsWith('?'));
  }
});

test('each baseline says in its first line what it leaves out', () => {
  const { files } = JSON.parse(readFileSync(join(folder, 'baselines', 'tsconfig.json'), 'utf8')) as { files: string[] };

  assert.is(files.length, 7);
  for (const file of files) {
    const [first = ''] = readFileSync(join(folder, 'baselines', file), 'utf8').split('\n');
    assert.match(first, /^\/\/ .*(Left out|No authentication)/);
  }
});

test('the median of an even number of rounds lies between the two in the middle', () => {
  assert.is(median([3, 1, 2]), 2);
  assert.is(median([4, 1, 3, 2]), 2.5);
  assert.equal(spreadOf([30, 10, 20]), { median: 20, min: 10, max: 30, rounds: 3 });
  assert.throws(() => spreadOf([]), /no round/);
});

test('ratios are taken within a round, never across', () => {
  assert.equal(ratiosOf([10, 40], [20, 40]), [0.5, 1]);
  assert.throws(() => ratiosOf([10], [20, 40]), /cannot be compared/);
});

test('a target is reached, met or missed by its marks, which belong to it', () => {
  const words = (name: string, measures: Record<string, number>) =>
    new Map(judgeTargets([{ ...emptyResult({ name, question: '?' }), measures }]).map((it) => [it.measure, it.word]));

  assert.is(words('reserve', { ratio: 0.55 }).get('reserve.ratio'), 'reached');
  assert.is(words('reserve', { ratio: 0.4 }).get('reserve.ratio'), 'met');
  assert.is(words('reserve', { ratio: 0.399 }).get('reserve.ratio'), 'missed');
  assert.is(words('live-holds', { 'bytes per hold': 250 }).get('live-holds.bytes per hold'), 'reached');
  assert.is(words('live-holds', { 'bytes per hold': 401 }).get('live-holds.bytes per hold'), 'missed');
  assert.is(words('stampede', { 'off by': 1 }).get('stampede.off by'), 'missed');
  assert.is(words('coupon', { 'lag seconds': 4 }).get('coupon.lag seconds'), 'met');
  assert.is(words('reserve', { ratio: Number.NaN }).get('reserve.ratio'), 'missed');
  assert.is(words('echo', {}).get('reserve.ratio'), 'not measured');
});

test('every target belongs to a case that there is', () => {
  for (const { measure } of targets) assert.ok(known.has(measure.slice(0, measure.indexOf('.'))), measure);
});

test('who was nearest to a core is the bottleneck, and a machine without rest comes first', () => {
  assert.is(bottleneckOf({ server: 0.97, redis: 0.3, client: 0.25, machine: 1.55 }, 2), 'server 0.97');
  assert.is(bottleneckOf({ server: 0.9, client: 0.95, machine: 1.99 }, 2), 'all cores (client 0.95, other work 0.14)');
});

test('counts of a route are read by status, those of others not', () => {
  const metrics = [
    'onsale_http_request_duration_seconds_bucket{le="0.01",method="POST",route="/a",status="201"} 5',
    'onsale_http_request_duration_seconds_count{method="POST",route="/a",status="201"} 7',
    'onsale_http_request_duration_seconds_count{method="POST",route="/a",status="409"} 2',
    'onsale_http_request_duration_seconds_count{method="POST",route="/ab",status="201"} 9',
  ].join('\n');

  assert.equal(answersIn(metrics, '/a'), { 201: 7, 409: 2 });
  assert.equal(answersBetween({ 201: 7 }, { 201: 9, 409: 2, 503: 0 }), { 201: 2, 409: 2 });
});

test('a check fails when an answer is of another kind, or when one side saw more than the other', () => {
  assert.ok(onlyStatus('x', '201', { 201: 5 }).ok);
  assert.not(onlyStatus('x', '201', { 201: 5, 503: 1 }).ok);
  assert.not(onlyStatus('x', '201', {}).ok);
  assert.ok(seenBothSides('x', fired, 1100, 100).ok);
  assert.not(seenBothSides('x', fired, 999, 100).ok);
  assert.not(seenBothSides('x', fired, 1101, 100).ok);
});

test('the books are read again while something moves, and what was read last counts', async () => {
  const values = [1, 2, 3, 3, 3];
  let reads = 0;

  const [rule] = await settle(async () => {
    const value = values[Math.min(reads, 4)];
    reads += 1;
    return [{ rule: 'three', ok: value === 3, numbers: String(value) }];
  });

  assert.equal(rule, { rule: 'three', ok: true, numbers: '3' });
  assert.is(reads, 4);
});

test('a request goes over the wire whole, its length in bytes', () => {
  const text = requestText({ method: 'POST', path: '/a', token: 't', body: '"é"' }, 'host:1');

  assert.is(
    text,
    'POST /a HTTP/1.1\r\nHost: host:1\r\nAuthorization: Bearer t\r\nContent-Type: application/json\r\nContent-Length: 4\r\n\r\n"é"',
  );
});

test('an answer is taken once all its bytes are there, and one without a length is an error', () => {
  const body = Buffer.from('{"a":"é"}').toString('latin1');
  const whole = `HTTP/1.1 201 Created\r\nContent-Length: 10\r\n\r\n${body}`;

  assert.is(takeAnswer('HTTP/1.1 201 Cre'), null);
  assert.is(takeAnswer(whole.slice(0, -1)), null);
  assert.equal(takeAnswer(whole), { status: 201, body: '{"a":"é"}' });
  assert.throws(() => takeAnswer('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'), /without a length/);
});

test('cases are chosen by name, and every wrong argument is named at once', () => {
  assert.equal(readOptions(['reserve', 'confirm', '--rounds', '5'], known), {
    ...{
      cases: ['reserve', 'confirm'],
      rounds: 5,
      seconds: 3,
      connections: 200,
      load: null,
      binlog: true,
      quick: false,
      json: false,
      out: null,
    },
  });
  assert.is(readOptions(['--quick'], known)?.rounds, 1);
  assert.is(readOptions(['--no-binlog'], known)?.binlog, false);
  assert.is(readOptions(['--help'], known), null);
  assert.throws(
    () => readOptions(['resreve', '--rounds', '0', '--fast', '--json=1'], known),
    (error: unknown) =>
      error instanceof UsageError &&
      ['no case "resreve"', '--rounds takes', 'no option --fast', '--json takes no value'].every((it) =>
        error.message.includes(it),
      ),
  );
});

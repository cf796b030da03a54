import * as assert from 'uvu/assert';
import { suite } from '../../src/testing/suite.ts';
import { UsageError } from '../own/arguments.ts';
import { readOptions } from './options.ts';

const test = suite('options of a burst');

function problemsOf(...args: string[]): string[] {
  try {
    readOptions(args);
    return [];
  } catch (error) {
    if (error instanceof UsageError) return error.problems;
    throw error;
  }
}

test('what is not given has a default, and the seed is another one each time', () => {
  const { seed, ...options } = readOptions([]) ?? {};

  assert.equal(options, {
    ...{ buyers: 20_000, tickets: 100, confirm: 0.7, connections: 100, rate: null, url: null, json: false },
  });
  assert.is.not(seed, readOptions([])?.seed);
});

test('what is given is taken', () => {
  const args = ['--buyers', '7', '--tickets=3', '--confirm', '1', '--rate', '9', '--seed', '0', '--json'];
  const options = readOptions([...args, '--connections', '2', '--url', 'http://localhost:3000/']);

  assert.equal(options, {
    ...{
      buyers: 7,
      tickets: 3,
      confirm: 1,
      connections: 2,
      rate: 9,
      seed: 0,
      url: 'http://localhost:3000',
      json: true,
    },
  });
});

for (const value of ['0', '-1', '1e308', 'abc', '', ' ', '1.5', '1000001', 'NaN', 'Infinity', '0x10', '1e3']) {
  test(`--buyers "${value}" is refused`, () => {
    const [problem = '', ...others] = problemsOf('--buyers', value);

    assert.match(problem, '--buyers takes a whole number from 1 to 1000000');
    assert.equal(others, []);
  });
}

for (const value of ['-0.1', '1.1', 'abc', '', '1e-1', '.', '70%']) {
  test(`--confirm "${value}" is refused`, () => assert.is(problemsOf('--confirm', value).length, 1));
}

test('an option without its value is refused', () => {
  assert.is(problemsOf('--buyers').length, 1);
  assert.is(problemsOf('--url').length, 1);
});

test('every problem is named at once', () => {
  const problems = problemsOf('--buyers', '0', '--tickets', 'x', '--rate', '0', '--speed', '9', '--json=yes', 'now');

  for (const word of ['--buyers', '--tickets', '--rate', '--speed', '--json', '"now"']) {
    assert.ok(
      problems.some((problem) => problem.includes(word)),
      `${word} is not named in: ${problems.join('; ')}`,
    );
  }
});

test('no engine but one on this machine is shot at', () => {
  const elsewhere = ['https://127.0.0.1', 'http://10.0.0.1', 'http://localhost.example', 'http://0.0.0.0:3000'];
  for (const url of [...elsewhere, 'http://127.0.0.1.nip.io', 'http://127.0.0.1/api', 'ftp://localhost', 'x', '']) {
    assert.is(problemsOf('--url', url).length, 1, url);
  }
  for (const url of ['http://127.0.0.1:1', 'http://[::1]:3000', 'http://LOCALHOST']) {
    assert.is(problemsOf('--url', url).length, 0, url);
  }
});

test('a burst of more than an hour is refused', () => {
  assert.match(problemsOf('--buyers', '100000', '--rate', '1').join(), 'more than an hour');
});

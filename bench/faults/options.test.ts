import * as assert from 'uvu/assert';
import { suite } from '../../src/testing/suite.ts';
import { UsageError } from '../own/arguments.ts';
import { faultNames } from './catalogue.ts';
import { readOptions } from './options.ts';

const test = suite('options of the fault bench');

function problemsOf(...args: string[]): string[] {
  try {
    readOptions(args);
    return [];
  } catch (error) {
    if (error instanceof UsageError) return error.problems;
    throw error;
  }
}

test('without arguments every fault has its turn once, under another seed each time', () => {
  const { seed, ...options } = readOptions([]) ?? {};

  assert.equal(options, { schedules: faultNames.length, first: 1, rate: 90, faults: faultNames, json: false });
  assert.is.not(seed, readOptions([])?.seed);
});

test('what is given is taken', () => {
  const args = ['--seed', '5', '--schedules=3', '--first', '9', '--rate', '10', '--json'];

  assert.equal(readOptions([...args, '--fault', 'kill-redis', '--fault', 'latency', '--fault', 'latency']), {
    ...{ seed: 5, schedules: 3, first: 9, rate: 10, faults: ['kill-redis', 'latency'], json: true },
  });
});

test('help is asked for, and then nothing else counts', () => {
  assert.is(readOptions(['--help', '--seed', 'x']), null);
});

test('every wrong argument is named at once', () => {
  assert.equal(problemsOf('--seed', '-1', '--fault', 'flood', '--schedules', '0', '--speed=3', 'please'), [
    'there is no option --speed',
    '"please" belongs to no option',
    'there is no fault "flood"',
    '--seed takes a whole number from 0 to 4294967295, not "-1"',
    '--schedules takes a whole number from 1 to 100000, not "0"',
  ]);
});

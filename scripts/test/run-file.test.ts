import * as assert from 'uvu/assert';
import { suite } from '../../src/testing/suite.ts';
import { countsOf, runFile } from './run-file.ts';

const test = suite('runner of test files');

async function run(fixture: string, timeoutMs = 20_000) {
  const running = await runFile(`scripts/test/fixtures/${fixture}.ts`, process.env, timeoutMs);
  return running.result;
}

async function assertCounts(fixture: string, expected: { passed: number; failed: number; says: RegExp }) {
  const result = await run(fixture, fixture === 'hangs' ? 1500 : undefined);

  assert.is(result.passed, expected.passed, result.report);
  assert.is(result.failed, expected.failed, result.report);
  assert.match(result.report, expected.says);
}

test('a file that passes is counted by its own summary', () =>
  assertCounts('passes', { passed: 2, failed: 0, says: /2 passed/ }));

test('a hanging test, a thrown word, a rejection and a failing clean-up each fail the file', () =>
  assertCounts('fails', { passed: 2, failed: 4, says: /clean-up failed/ }));

test('a handle left open fails the file and is named', () =>
  assertCounts('leaks', { passed: 1, failed: 1, says: /still open .*TCPServer/ }));

test('a file without a test fails', () => assertCounts('empty', { passed: 0, failed: 1, says: /no test ran/ }));

test('a failing set-up fails the file', () =>
  assertCounts('set-up-fails', { passed: 0, failed: 1, says: /no set-up/ }));

test('a process that ends before its tests do fails, whatever its exit code says', () =>
  assertCounts('exits', { passed: 0, failed: 1, says: /ended before/ }));

test('a crashed process fails', () => assertCounts('crashes', { passed: 0, failed: 1, says: /without a summary/ }));

test('a file that does not end is killed and fails', () =>
  assertCounts('hangs', { passed: 0, failed: 1, says: /killed: not done/ }));

test('only the last line is believed, and not against the exit code', () => {
  assert.is(countsOf('1 passed, 0 failed\nand then it crashed', 1).failed, 1);
  assert.is(countsOf('1 passed, 0 failed\n', 1).failed, 1);
  assert.is(countsOf('1 passed, 0 failed\n', 0).failed, 0);
});

import * as assert from 'uvu/assert';
import type { Close } from '../../scripts/start/close-all.ts';
import { suite } from '../../src/testing/suite.ts';
import { runSchedule } from './run.ts';
import { makeSchedule, scheduleText } from './schedule.ts';
import { openStack } from './stack.ts';

const test = suite('the fault bench', { timeoutMs: 120_000 });

const closers: Close[] = [];
test.after(async () => {
  for (const close of closers.reverse()) await close();
});

test('when Redis is killed and COMMITs are cut, every promise is kept', async () => {
  const ending = { signal: new AbortController().signal, add: (close: Close) => void closers.push(close) };
  const stack = await openStack(process.env, ending);

  for (const name of ['kill-redis', 'cut-in-commit']) {
    const schedule = makeSchedule({ seed: 1, number: 1, name });
    const result = await runSchedule(stack, schedule, { rate: 40 });

    assert.equal(result.violations, [], scheduleText(schedule));
    assert.ok(result.injected > 0, 'the fault did not miss');
    assert.ok(Object.keys(result.outcomes).includes('confirm 201 confirmed'), 'something was sold');
  }
});

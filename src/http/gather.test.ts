import { setImmediate as turnsEnd } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { suite } from '../testing/suite.ts';
import { createGather } from './gather.ts';

const test = suite('gather');

test('what comes in one turn is started at its end, in its order', async () => {
  const gather = createGather(10);
  const started: number[] = [];

  for (const n of [1, 2, 3]) gather(() => started.push(n));
  const atOnce = [...started];
  await turnsEnd();

  assert.equal(atOnce, []);
  assert.equal(started, [1, 2, 3]);
});

test('a full group does not wait for the end of the turn, and nothing is started twice or left behind', async () => {
  const gather = createGather(2);
  const started: number[] = [];

  for (const n of [1, 2, 3, 4, 5]) gather(() => started.push(n));
  const atOnce = [...started];
  await turnsEnd();

  assert.equal(atOnce, [1, 2, 3, 4]);
  assert.equal(started, [1, 2, 3, 4, 5]);
});

test('what comes while a group is started is the next group', async () => {
  const gather = createGather(2);
  const started: string[] = [];

  gather(() => {
    started.push('first');
    gather(() => started.push('of the next'));
  });
  gather(() => started.push('second'));
  const atOnce = [...started];
  await turnsEnd();
  await turnsEnd();

  assert.equal(atOnce, ['first', 'second']);
  assert.equal(started, ['first', 'second', 'of the next']);
});

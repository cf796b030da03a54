import * as assert from 'uvu/assert';
import { suite } from '../../src/testing/suite.ts';
import { combined, drawFaults, faultNames } from './catalogue.ts';
import { randomOf } from './random.ts';
import { makeSchedule, nameOfTurn, repeatCommand, scheduleText } from './schedule.ts';

const test = suite('schedules of the fault bench');

test('the same seed, number and fault make the same schedule, whatever else was run', () => {
  for (const name of faultNames) {
    const texts = [1, 2].map(() => scheduleText(makeSchedule({ seed: 7, number: 12, name })));
    const other = scheduleText(makeSchedule({ seed: 8, number: 12, name }));

    assert.is(texts[0], texts[1]);
    assert.is.not(texts[0], other);
  }
});

test('every fault has its turn once in a round, in an order of the seed', () => {
  const round = (seed: number, first: number) =>
    faultNames.map((_, index) => nameOfTurn(faultNames, { seed, number: first + index }));

  assert.equal(round(1, 1).sort(), [...faultNames].sort());
  assert.equal(round(1, 1 + faultNames.length).sort(), [...faultNames].sort());
  assert.not.equal(round(1, 1), round(1, 1 + faultNames.length));
  assert.not.equal(round(1, 1), round(2, 1));
});

test('two faults at once work on different parts', () => {
  for (let number = 0; number < 500; number += 1) {
    const faults = drawFaults(combined, randomOf('parts', number));
    const parts = faults.flatMap((fault) => fault.parts);

    assert.is(faults.length, 2);
    assert.is(new Set(parts).size, parts.length);
  }
});

test('the command that repeats a schedule names all that it follows from', () => {
  const schedule = makeSchedule({ seed: 7, number: 12, name: 'kill-redis' });

  assert.is(repeatCommand(schedule), 'npm run faults -- --seed 7 --fault kill-redis --first 12 --schedules 1');
});

import * as assert from 'uvu/assert';
import { keptBytes } from '../testing/kept-bytes.ts';
import { suite } from '../testing/suite.ts';
import { createPassingMap } from './passing-map.ts';

const test = suite('passing map');

test('what is there is found until it is deleted, whatever comes and goes beside it', () => {
  const map = createPassingMap<number>();
  map.set('stays', 1);

  for (let n = 0; n < 1000; n += 1) {
    map.set(`passes-${n}`, n);
    assert.is(map.get(`passes-${n}`), n);
    map.delete(`passes-${n}`);
    assert.is(map.get(`passes-${n}`), undefined);
    assert.is(map.get('stays'), 1);
  }
  map.delete('stays');

  assert.is(map.get('stays'), undefined);
});

test('a key that is set again has the new value, and none once it is deleted', () => {
  const map = createPassingMap<string>();
  map.set('a', 'first');

  map.set('a', 'second');
  const found = map.get('a');
  map.delete('a');

  assert.is(found, 'second');
  assert.is(map.get('a'), undefined);
});

test('what has passed is not kept alive by what came after it, even beside something that stays', async () => {
  const map = createPassingMap<number[]>();
  map.set('stays', []);
  let next = 0;

  const kept = await keptBytes(async () => {
    for (let n = 0; n < 200; n += 1, next += 1) {
      const turn = next;
      map.set(
        `${turn}`,
        Array.from({ length: 100 }, () => turn),
      );
      map.delete(`${next - 20}`);
    }
  });

  assert.ok(kept < 1_000_000, `${kept} bytes`);
});

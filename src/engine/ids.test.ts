import * as assert from 'uvu/assert';
import { suite } from '../testing/suite.ts';
import { derivedId, newHoldId } from './ids.ts';

const test = suite('ids');
const secret = 'a secret of the tests, which is long enough';

test('ids of a sale are in the order of time by their bytes, as MySQL compares them', () => {
  const start = Date.UTC(2026, 11, 31, 23, 59, 59, 990);
  const times = [0, 1, start - 1, start, start + 1, start + 63, start + 64, start + 4096, 64 ** 7 - 1];

  const ids = times.map((nowMs) => newHoldId('gala', nowMs));

  assert.equal(ids.toSorted(byBytes), ids);
  for (const id of ids) assert.match(id, /^[A-Za-z0-9_-]{22}$/);
});

test('ids of other sales stand elsewhere', () => {
  const saleIds = ['gala', 'gala-2', 'ball', 'a'.repeat(64)];

  const fronts = saleIds.map((saleId) => newHoldId(saleId, 1_900_000_000_000).slice(0, 2));

  assert.is(new Set(fronts).size, saleIds.length);
});

test('ids of the same sale and millisecond are different', () => {
  const ids = Array.from({ length: 10_000 }, () => newHoldId('gala', 1_900_000_000_000));

  assert.is(new Set(ids).size, ids.length);
});

test('ids that are derived cannot be made to meet by moving text from one part to the next', () => {
  const ids = [['ab', 'c'], ['a', 'bc'], ['abc', ''], ['', 'abc'], ['abc'], ['2:ab', 'c'], ['ab1:c']].map((parts) =>
    derivedId(secret, parts),
  );

  assert.is(new Set(ids).size, ids.length);
  for (const id of ids) assert.match(id, /^[A-Za-z0-9_-]{22}$/);
});

function byBytes(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

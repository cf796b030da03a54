import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { suite } from '../testing/suite.ts';
import {
  type Books,
  type ComparedType,
  type Comparison,
  calmStatus,
  type DisputedHold,
  differs,
  differsInBoth,
} from './drift.ts';
import { explain } from './drift-findings.ts';

const test = suite('drift');

const calm: ComparedType = {
  ticketTypeId: 'std',
  redis: { capacity: 20, available: 12, held: 5, sold: 3 },
  mysql: { capacity: 20, sold: 3 },
  live: 5,
  inFlight: 0,
};
const look = (type: Partial<ComparedType> = {}, rest: Partial<Comparison> = {}): Comparison => ({
  ...{ ticketTypes: [{ ...calm, ...type }], capacityCompared: true, soldCompared: true },
  ...{ missingHoldIds: [], voidHoldIds: [], ...rest },
});
const books: Books[] = [{ ticketTypeId: 'std', capacity: 20, sold: 3, ordered: 3, ledger: 17 }];
const known = { complete: true, owners: new Map<string, string>() };
const short = (comparison: Comparison, holds: DisputedHold[] = [], told = books, input = known) =>
  explain(comparison, holds, told, input).map(({ kind, units, safeToRepair }) => [kind, units, safeToRepair]);

const disputed = (kind: DisputedHold['kind'], quantity: number): DisputedHold => ({
  ...{ kind, holdId: 'hold', buyerId: 'alice', lines: [{ ticketTypeId: 'std', quantity }] },
  ...{ redisState: 'held', mysqlOutcome: 'sold', orderId: 'order' },
});

test('whatever was added to which counts, each is named with its units; available by the law alone', () => {
  const by = fc.integer({ min: -9, max: 9 });
  fc.assert(
    fc.property(by, by, by, by, (capacity, available, held, sold) => {
      const { redis } = calm;
      const changed = look({
        redis: {
          capacity: redis.capacity + capacity,
          available: redis.available + available,
          held: redis.held + held,
          sold: redis.sold + sold,
        },
      });
      const isLawBroken = capacity !== available + held + sold;

      const expected = [
        ['capacity_differs', capacity],
        ['sold_differs', sold],
        ['counted_not_held', Math.max(held, 0)],
        ['held_not_counted', Math.min(held, 0)],
        ['available_differs', isLawBroken ? available : 0],
      ].filter(([, units]) => units !== 0);

      assert.equal(
        short(changed).map(([kind, units]) => [kind, units]),
        expected,
      );
      assert.is(differs(changed), capacity !== 0 || held !== 0 || sold !== 0 || isLawBroken);
    }),
  );
});

test('what its holds explain is not told a second time as a count', () => {
  const redis = { capacity: 20, available: 12, held: 7, sold: 1 };

  assert.equal(short(look({ redis, live: 7 }), [disputed('committed_not_finished', 2)]), [
    ['committed_not_finished', 2, true],
  ]);
  assert.equal(
    short(look({ redis: { ...calm.redis, held: 3, sold: 5 }, live: 3 }), [disputed('sold_without_order', 2)]),
    [['sold_without_order', 2, false]],
  );
  assert.equal(short(look({ live: 4 }), [disputed('hold_not_indexed', 1)]), [['hold_not_indexed', 1, false]]);
});

test('where not everything was compared, nobody is accused of breaking the law', () => {
  const redis = { ...calm.redis, sold: 4 };

  assert.equal(short(look({ redis })), [['sold_differs', 1, true]]);
  for (const partly of [
    look({ redis }, { soldCompared: false }),
    look({ redis: { ...calm.redis, held: 6 }, live: null }),
    look({ redis: { ...calm.redis, capacity: 19 } }, { capacityCompared: false }),
  ]) {
    assert.equal(short(partly), [['unexplained', 1, true]]);
  }
});

test('counts are left alone beside anything unsafe, and while not everything was looked at', () => {
  const drifted = look({ redis: { ...calm.redis, available: 13 } });

  assert.equal(short(drifted), [['available_differs', 1, true]]);
  assert.equal(short(drifted, [], books, { ...known, complete: false }), [['available_differs', 1, false]]);
  const unsafe = short(look({ redis: { capacity: 20, available: 13, held: 4, sold: 4 }, live: 4 }), [
    disputed('sold_without_order', 1),
  ]);
  assert.equal(unsafe, [
    ['sold_without_order', 1, false],
    ['available_differs', 1, false],
  ]);
});

test('MySQL at odds with itself is told by its orders, and is no reason to accuse Redis', () => {
  const [book] = books as [Books];
  const comparison = look({ mysql: { capacity: 20, sold: 5 } });

  assert.equal(short(comparison, [], [{ ...book, sold: 5 }]), [['sold_without_order_lines', 2, false]]);
  assert.equal(short(look(), [], [{ ...book, ledger: 16 }]), [['ledger_differs', -1, false]]);
});

test('a hold without a record is told with its buyer, and with its units where it is the only one', () => {
  const redis = { ...calm.redis, held: 7, available: 10 };
  const owners = new Map([['h1', 'alice']]);
  const of = (missingHoldIds: string[]) =>
    explain(look({ redis }, { missingHoldIds }), [], books, { complete: true, owners }).map(
      ({ kind, units, holdId, buyerId }) => [kind, units, holdId, buyerId],
    );

  assert.equal(of(['h1']), [['hold_missing', 2, 'h1', 'alice']]);
  assert.equal(of(['h1', 'h2']), [
    ['hold_missing', null, 'h1', 'alice'],
    ['hold_missing', null, 'h2', null],
    ['counted_not_held', 2, null, null],
  ]);
});

test('only what differs in both looks in the same way is drift', () => {
  const by = (available: number) => look({ redis: { ...calm.redis, available: 12 + available } });

  assert.is(differsInBoth(by(1), by(1)), true);
  assert.is(differsInBoth(by(1), by(2)), false);
  assert.is(differsInBoth(by(1), look()), false);
  assert.is(differsInBoth(look(), look()), false);
  assert.is(differsInBoth(look({}, { missingHoldIds: ['a'] }), look({}, { missingHoldIds: ['b'] })), false);
  assert.is(differsInBoth(look({}, { voidHoldIds: ['a', 'b'] }), look({}, { voidHoldIds: ['b'] })), true);
});

test('what was not compared does not differ, and is not called balanced', () => {
  const moving = look({ redis: { ...calm.redis, sold: 2, held: 6 }, live: 6 }, { soldCompared: false });
  const changing = look({ mysql: { capacity: 25, sold: 3 } }, { capacityCompared: false });

  assert.equal([differs(moving), calmStatus(moving, 1)], [false, 'moving']);
  assert.equal([differs(changing), calmStatus(changing, 1)], [false, 'in_flight']);
  assert.is(calmStatus(look({ inFlight: 1, redis: { ...calm.redis, sold: 2, held: 6 }, live: 6 }), 1), 'in_flight');
  assert.is(calmStatus(look(), 2), 'in_flight');
  assert.is(calmStatus(look(), 1), 'balanced');
});

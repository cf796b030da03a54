import * as assert from 'uvu/assert';
import { suite } from '../../src/testing/suite.ts';
import type { Order } from './admin.ts';
import { type Evidence, judge } from './verdict.ts';

const test = suite('verdict of a burst');

/** 10 buyers, 3 tickets, 2 of the 3 winners paid. */
function sound(): Evidence {
  return {
    buyers: 10,
    tickets: 3,
    reserves: { '201 held': 3, '409 all_held': 7 },
    confirms: { '201 confirmed': 2 },
    holdIds: ['h1', 'h2', 'h3'],
    orderIds: ['o1', 'o2'],
    stock: { capacity: 3, available: 0, held: 1, sold: 2, soldInMysql: 2, capacityInMysql: 3 },
    orders: [order(1), order(2)],
    confirming: 0,
  };
}

function order(n: number, changes: Partial<Order> = {}): Order {
  return { orderId: `o${n}`, holdId: `h${n}`, buyerId: `b${n}`, lines: [{ quantity: 1 }], ...changes };
}

function broken(changes: Partial<Evidence>): string[] {
  return judge({ ...sound(), ...changes })
    .filter((rule) => !rule.ok)
    .map((rule) => rule.rule);
}

function assertBreaks(changes: Partial<Evidence>, rule: string) {
  const rules = broken(changes);

  assert.ok(
    rules.some((it) => it.includes(rule)),
    `"${rule}" was not broken, but only: ${rules.join('; ') || 'none'}`,
  );
}

test('a sound burst breaks nothing', () => {
  assert.equal(broken({}), []);
});

test('one hold too many is oversold', () => {
  const changes = { reserves: { '201 held': 4, '409 all_held': 6 }, holdIds: ['h1', 'h2', 'h3', 'h4'] };
  assertBreaks(changes, 'holds granted ≤ tickets');
  assertBreaks(changes, 'holds granted = held + sold');
});

test('a buyer refused while a ticket was left breaks the demand', () => {
  const stock = { ...sound().stock, available: 1, held: 0 };
  assertBreaks({ reserves: { '201 held': 2, '409 sold_out': 8 }, holdIds: ['h1', 'h2'], stock }, 'demand');
});

test('fewer buyers than tickets need not take them all', () => {
  const stock = { capacity: 9, available: 6, held: 1, sold: 2, soldInMysql: 2, capacityInMysql: 9 };
  assert.equal(broken({ buyers: 3, tickets: 9, reserves: { '201 held': 3 }, stock }), []);
});

test('a hold that was granted and is nowhere is found out, one whose answer was lost is not held against anybody', () => {
  const stock = { ...sound().stock, available: 1, held: 0 };
  assertBreaks({ stock }, 'holds granted = held + sold');
  const reserves = { '201 held': 2, timeout: 1, '409 all_held': 7 };
  assert.equal(broken({ reserves, holdIds: ['h1', 'h2'] }), []);
});

test('a hold granted twice is one hold', () => {
  assertBreaks({ holdIds: ['h1', 'h2', 'h2'] }, 'holds granted = held + sold');
});

test('an order that was answered and is not stored is missing', () => {
  assertBreaks({ orders: [order(1)] }, 'confirms answered 201 ≤ orders');
  assertBreaks({ orders: [order(1), order(3)] }, 'each order that was promised');
});

test('an order that nobody was told of is one too many, unless a confirm was left without an answer', () => {
  const orders = [order(1), order(2), order(3)];
  const stock = { ...sound().stock, held: 0, sold: 3, soldInMysql: 3 };
  assertBreaks({ orders, stock }, 'confirms answered 201 ≤ orders');
  for (const unknown of ['timeout', 'connection lost', '503 unavailable']) {
    assert.equal(broken({ orders, stock, confirms: { '201 confirmed': 2, [unknown]: 1 } }), []);
  }
});

test('two orders of one hold or of one buyer are doubled', () => {
  assertBreaks({ orders: [order(1), order(2, { holdId: 'h1' })] }, 'each hold and buyer has one');
  assertBreaks({ orders: [order(1), order(2, { buyerId: 'b1' })] }, 'each hold and buyer has one');
});

test('two confirms answered with one order are one promise broken', () => {
  assertBreaks({ orderIds: ['o1', 'o1'] }, 'each order that was promised');
});

test('an order of a hold that nobody was granted is found out', () => {
  assertBreaks({ orders: [order(1), order(2, { holdId: 'h9' })] }, 'each order that was promised');
});

test('a ticket lost or made breaks the conservation law', () => {
  const { stock } = sound();
  const rule = 'capacity = available + held + sold';
  assertBreaks({ stock: { ...stock, available: 1 } }, rule);
  assertBreaks({ stock: { ...stock, held: 0 } }, rule);
  assertBreaks({ stock: { ...stock, available: -1, held: 2 } }, rule);
  assertBreaks({ stock: { ...stock, capacity: 4, available: 1 } }, rule);
});

test('stores that differ on what was sold break the last law, as do orders that differ from the count', () => {
  const { stock } = sound();
  const rule = 'sold in Redis = sold in MySQL';
  assertBreaks({ stock: { ...stock, soldInMysql: 1 } }, rule);
  assertBreaks({ stock: { ...stock, sold: 1, held: 2 } }, rule);
  assertBreaks({ orders: [order(1), order(2, { lines: [{ quantity: 2 }] })] }, rule);
});

test('a confirm left half-way, a buyer who was lost and a strange answer are each named', () => {
  assertBreaks({ confirming: 1 }, 'half-way');
  assertBreaks({ reserves: { '201 held': 3, '409 all_held': 6 } }, 'every buyer pressed once');
  assertBreaks({ reserves: { '201 held': 3, '409 all_held': 6, '500 internal_error': 1 } }, 'no answer but those');
  assertBreaks({ confirms: { '201 confirmed': 2, '410 hold_expired': 1 } }, 'no answer but those');
});

test('a confirm without an answer may wait for its buyer', () => {
  assert.equal(broken({ confirming: 1, confirms: { '201 confirmed': 2, timeout: 1 } }), []);
});

test('an engine that answered nobody proves nothing', () => {
  const stock = { capacity: 3, available: 3, held: 0, sold: 0, soldInMysql: 0, capacityInMysql: 3 };
  const nothing = { confirms: {}, holdIds: [], orderIds: [], orders: [], stock };
  assertBreaks({ ...nothing, reserves: { timeout: 10 } }, 'the engine answered');
});

import { suite } from '../../src/testing/suite.ts';
import { about, deadlineMs, findsLies, request, sell, typeOf } from './testing.ts';
import type { OrderTruth } from './truth.ts';

const test = suite('the checker of the fault bench on holds, orders and buyers');

const b = about('hold-b', 'bob');
const c = about('hold-c', 'carol');
const confirmed = { kind: 'confirm', status: 201, word: 'confirmed' } as const;

findsLies(test, [
  [
    'a hold has two orders',
    [
      'a hold has one order',
      'an outcome names its order',
      'every order that was told of is there',
      'sold is the same in Redis, MySQL, its orders and its ledger',
    ],
    (story) => {
      story.sale.orders.push({ ...(story.sale.orders[0] as OrderTruth), orderId: 'order-2' });
      typeOf(story).mysql.ordered = 4;
      (story.sale.boughtInRedis[0] as { bought: number }).bought = 4;
    },
  ],
  [
    'an order has no outcome',
    ['an order has an outcome, and "sold" an order', 'an outcome names its order'],
    (story) => {
      story.sale.outcomes = [];
    },
  ],
  [
    'Redis does not know of an order',
    ['a hold is sold in Redis when it has an order'],
    (story) => {
      (story.sale.holds[0] as { status: string }).status = 'expired';
    },
  ],
  [
    'a hold is still confirming',
    ['no hold is live at rest'],
    (story) => {
      (story.sale.holds[2] as { status: string }).status = 'confirming';
    },
  ],
  [
    'a void hold was released',
    ['a void hold is over in Redis'],
    (story) => {
      story.sale.outcomes.push({ holdId: 'hold-b', outcome: 'void', orderId: null });
    },
  ],
  [
    'a key gives a second hold',
    ['a hold keeps its lines and its price', 'a key is one hold'],
    (story) => {
      story.history.push(request(250, { ...about('hold-x', 'alice'), key: 'k1', lines: [], totalMinor: 0 }));
    },
  ],
  [
    'a replay has another deadline',
    ['a hold that Redis kept keeps its deadline'],
    (story) => {
      story.history.push(
        request(250, { ...about('hold-a', 'alice'), key: 'k1', expiresAt: new Date(0).toISOString() }),
      );
    },
  ],
  [
    'a key creates twice',
    ['a hold that Redis kept is created once'],
    (story) => {
      story.history.push(request(250, { ...about('hold-a', 'alice'), key: 'k1', status: 201 }));
    },
  ],
  [
    'an id is granted to two',
    ['a hold that Redis kept is created once', 'a hold without a key is granted once'],
    (story) => {
      story.history.push(request(550, { ...b, status: 201, expiresAt: b.expiresAt ?? null }));
    },
  ],
  [
    'released is told to one who did not release',
    ['nobody is told "released" who did not release'],
    (story) => {
      story.history.push(request(900, { ...c, kind: 'confirm', status: 410, word: 'hold_released' }));
    },
  ],
  [
    'expired is told before the deadline',
    ['nobody is told "expired" before the deadline'],
    (story) => {
      story.history.push(request(5000, { ...c, kind: 'confirm', status: 410, word: 'hold_expired' }));
    },
  ],
  [
    'a confirmed order is missing',
    ['every order that was told of is there'],
    (story) => {
      story.history.push(request(900, { ...c, ...confirmed, orderId: 'order-c' }));
    },
  ],
  [
    'a release names an order that is not there',
    ['every order that was told of is there'],
    (story) => {
      story.history.push(
        request(650, { ...b, kind: 'release', status: 409, word: 'already_confirmed', orderId: 'order-b' }),
      );
    },
  ],
  [
    'an order is another one than was told',
    ['every order that was told of is there'],
    (story) => {
      story.history.push(request(450, { ...about('hold-a', 'alice'), ...confirmed, status: 200, orderId: 'order-z' }));
    },
  ],
  [
    'a success names no order',
    ['a confirm names its order'],
    (story) => {
      story.history.push(request(450, { ...about('hold-a', 'alice'), ...confirmed, status: 200 }));
    },
  ],
  [
    'an order is created twice',
    ['an order is created once'],
    (story) => {
      story.history.push(request(450, { ...about('hold-a', 'alice'), ...confirmed, orderId: 'order-a' }));
    },
  ],
  [
    'an order has another price',
    ['an order costs what its tickets cost', 'an order is what was bought'],
    (story) => {
      (story.sale.orders[0] as { totalMinor: number }).totalMinor = 100;
    },
  ],
  [
    'an order is made for another buyer',
    [
      'an order belongs to a hold that was granted to its buyer',
      'an order is what was bought',
      'an order was asked for by its buyer',
      'Redis counts what a buyer has bought',
    ].sort(),
    (story) => {
      (story.sale.orders[0] as { buyerId: string }).buyerId = 'mallory';
    },
  ],
  [
    'an order of a hold that was given back',
    ['no order for a buyer who was told no'],
    (story) => sell(story, 'hold-b', 'bob'),
  ],
  [
    'an order of a hold that had expired',
    ['no order for a buyer who was told no'],
    (story) => sell(story, 'hold-c', 'carol'),
  ],
  [
    'an order of a hold whose replay had expired',
    ['an order was asked for by its buyer', 'no order for a buyer who was told no'],
    (story) => {
      story.history = story.history.filter((it) => !(it.kind === 'confirm' && it.buyerId === 'carol'));
      story.history.push(request(deadlineMs + 300, { buyerId: 'carol', key: 'k3', status: 410, word: 'hold_expired' }));
      sell(story, 'hold-c', 'carol');
    },
  ],
  [
    'an order that nobody asked for',
    ['an order was asked for by its buyer'],
    (story) => {
      story.history.push(request(900, { ...about('hold-d', 'dora'), status: 201 }));
      sell(story, 'hold-d', 'dora');
    },
  ],
  [
    'an order of a hold that nobody was granted',
    ['an order belongs to a hold that was granted to its buyer', 'an order was asked for by its buyer'],
    (story) => sell(story, 'hold-x', 'xaver'),
  ],
  [
    'gone is told after the order',
    ['nobody who was told of an order is told later that it is gone'],
    (story) => {
      story.history.push(
        request(deadlineMs + 50, { ...about('hold-a', 'alice'), kind: 'confirm', status: 410, word: 'hold_expired' }),
      );
    },
  ],
  [
    'a buyer is above the limit',
    ['no buyer is above the limit'],
    (story) => {
      for (const holdId of ['hold-2', 'hold-3']) {
        story.history.push(request(2000, { ...about(holdId, 'alice'), status: 201 }));
        story.history.push(request(2100, { ...about(holdId, 'alice'), ...confirmed, orderId: `order of ${holdId}` }));
        sell(story, holdId, 'alice');
      }
    },
  ],
  [
    'Redis forgets what a buyer has',
    ['Redis counts what a buyer has bought'],
    (story) => {
      story.sale.boughtInRedis = [];
    },
  ],
  [
    'Redis counts against a buyer for ever',
    ['Redis counts what a buyer has bought'],
    (story) => {
      story.sale.boughtInRedis.push({ buyerId: 'bob', held: 2, bought: 0 });
    },
  ],
  [
    'an answer is an internal error',
    ['no answer but those that a fault may bring about'],
    (story) => {
      story.history.push(request(1900, { status: 500, word: 'internal_error' }));
    },
  ],
  [
    'a confirm is refused for want of tickets, and nothing was lost',
    ['no answer but those that a fault may bring about'],
    (story) => {
      story.history.push(request(900, { ...c, kind: 'confirm', status: 409, word: 'sold_out' }));
    },
  ],
]);

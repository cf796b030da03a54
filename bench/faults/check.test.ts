import * as assert from 'uvu/assert';
import { suite } from '../../src/testing/suite.ts';
import { about, brokenRules, findsLies, honestStory, request, typeOf } from './testing.ts';

const test = suite('the checker of the fault bench on tickets, admins and coupons');

test('a story in which everything is right breaks no rule', () => {
  assert.equal(brokenRules(honestStory()), []);
});

findsLies(test, [
  [
    'a ticket leaks',
    ['capacity = available + held + sold', 'the engine tells what the stores say'],
    (story) => {
      typeOf(story).redis.available -= 1;
    },
  ],
  [
    'tickets stay held',
    ['nothing is held at rest'],
    (story) => {
      for (const counts of [typeOf(story).redis, typeOf(story).told]) {
        counts.held = 1;
        counts.available -= 1;
      }
    },
  ],
  [
    'more is sold than there is',
    ['available is not below zero at rest', 'no more is sold than there is'],
    (story) => {
      for (const counts of [typeOf(story).redis, typeOf(story).told, typeOf(story).mysql]) counts.capacity = 1;
      for (const counts of [typeOf(story).redis, typeOf(story).told]) counts.available = -1;
      typeOf(story).mysql.ledgerCapacity = 1;
      typeOf(story).capacityAtStart = 0;
    },
  ],
  [
    'the ledger misses a sale',
    ['sold is the same in Redis, MySQL, its orders and its ledger'],
    (story) => {
      typeOf(story).mysql.ledgerSold = 0;
    },
  ],
  [
    'MySQL counts a sale twice',
    ['sold is the same in Redis, MySQL, its orders and its ledger'],
    (story) => {
      typeOf(story).mysql.sold = 4;
      typeOf(story).told.soldInMysql = 4;
    },
  ],
  [
    'Redis has another capacity',
    [
      'capacity = available + held + sold',
      'capacity is the same in Redis, MySQL and its ledger',
      'the engine tells what the stores say',
    ],
    (story) => {
      typeOf(story).redis.capacity = 12;
    },
  ],
  [
    'Redis breaks its own laws',
    ['Redis agrees with itself'],
    (story) => {
      story.sale.lawBroken = 'held of std';
    },
  ],
  [
    'a change of capacity is lost',
    ['every change of capacity that was answered is there'],
    (story) => {
      story.history.push(
        request(950, { kind: 'capacity', word: 'changed', key: 'less', ticketTypeId: 'std', delta: -3 }),
      );
    },
  ],
  [
    'a hold is granted in a pause',
    ['nobody gets a hold while the sale is paused'],
    (story) => {
      story.history.push(request(1200, { ...about('hold-p', 'paula'), status: 201 }));
    },
  ],
  [
    'sold out is told while tickets are left',
    ['nobody is told "sold out" while tickets are left'],
    (story) => {
      story.history.push(
        request(1900, { lines: [{ ticketTypeId: 'std', quantity: 2 }], status: 409, word: 'sold_out' }),
      );
    },
  ],
  [
    'a coupon that was told is not stored',
    ['"none is left" is true', 'every coupon that was told of is stored'],
    (story) => {
      story.campaign.rows = [];
      story.campaign.inRedis = [];
    },
  ],
  [
    'more coupons than there are',
    ['no more coupons than there are'],
    (story) => {
      for (const list of [story.campaign.rows, story.campaign.inRedis])
        list.push({ couponId: 'coupon-g', buyerId: 'gil' });
    },
  ],
  [
    'a buyer has two coupons',
    ['no more coupons than there are', 'one coupon per buyer'],
    (story) => {
      story.campaign.rows.unshift({ couponId: 'coupon-2', buyerId: 'erin' });
    },
  ],
  [
    'Redis remembers a coupon that is not stored',
    ['Redis and MySQL have the same coupons'],
    (story) => {
      story.campaign.inRedis.push({ couponId: 'coupon-g', buyerId: 'gil' });
    },
  ],
  [
    'a winner is told that none is left',
    ['no winner is told that none is left'],
    (story) => {
      story.history.push(
        request(1900, { kind: 'issue', subject: 'campaign', buyerId: 'erin', status: 409, word: 'coupons_exhausted' }),
      );
    },
  ],
]);

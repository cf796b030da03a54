import * as assert from 'uvu/assert';
import type { Test } from '../../src/testing/suite.ts';
import { check, type Evidence } from './check.ts';
import type { Request } from './history.ts';
import type { SaleTruth, TypeTruth } from './truth.ts';

/** Evidence that a test may turn into a lie. */
export type Story = { [K in keyof Evidence]: Evidence[K] extends readonly (infer Item)[] ? Item[] : Evidence[K] } & {
  sale: SaleTruth;
};

/** The Unix time of the deadline of every hold in the story, which begins at 0. */
export const deadlineMs = 10_000;

const blank: Request = {
  kind: 'reserve',
  subject: 'sale',
  buyerId: 'alice',
  server: 'server-1',
  startMs: 0,
  endMs: 0,
  status: 200,
  word: 'held',
  key: null,
  holdId: null,
  expiresAt: null,
  lines: null,
  totalMinor: null,
  orderId: null,
  couponId: null,
  ticketTypeId: null,
  delta: null,
};

/** One request that took 10 ms from `atMs`. */
export function request(atMs: number, fields: Partial<Request>): Request {
  return { ...blank, startMs: atMs, endMs: atMs + 10, ...fields };
}

/** What is asked about a hold of two tickets. */
export function about(holdId: string, buyerId: string): Partial<Request> {
  return {
    ...{ holdId, buyerId, lines: [{ ticketTypeId: 'std', quantity: 2 }], totalMinor: 200 },
    expiresAt: new Date(deadlineMs).toISOString(),
  };
}

const gone = { status: 410, word: 'hold_expired', totalMinor: null } as const;

/**
 * A story in which everything is right: alice buys, bob gives back, carol is too late, erin gets the only coupon, and an admin
 * adds a ticket and pauses for a while.
 */
export function honestStory(): Story {
  const [a, b, c] = [about('hold-a', 'alice'), about('hold-b', 'bob'), about('hold-c', 'carol')];
  const bought = { kind: 'confirm', word: 'confirmed', orderId: 'order-a' } as const;
  const coupon = { kind: 'issue', subject: 'campaign', buyerId: 'erin', couponId: 'coupon-e' } as const;
  const admin = { buyerId: 'admin' } as const;
  const history = [
    request(100, { ...a, key: 'k1', status: 201 }),
    request(200, { ...a, key: 'k1' }),
    request(300, { ...a, ...bought, status: 201 }),
    request(400, { ...a, ...bought }),
    request(500, { ...b, status: 201 }),
    request(600, { ...b, kind: 'release', word: 'released' }),
    request(700, { ...b, ...gone, kind: 'confirm', word: 'hold_released' }),
    request(800, { ...c, key: 'k3', status: 201 }),
    request(deadlineMs + 100, { ...c, ...gone, kind: 'confirm' }),
    request(900, { ...admin, kind: 'capacity', word: 'changed', key: 'more', ticketTypeId: 'std', delta: 1 }),
    request(1000, { ...admin, kind: 'pause', word: 'paused', key: 'pause' }),
    request(1500, { ...admin, kind: 'resume', word: 'resumed', key: 'resume' }),
    request(1600, { ...coupon, status: 201, word: 'issued' }),
    request(1700, { ...coupon, status: 409, word: 'already_issued' }),
    request(1800, { kind: 'issue', subject: 'campaign', buyerId: 'frank', status: 409, word: 'coupons_exhausted' }),
  ];
  const sale = honestSale();
  return {
    ...{ history, losses: [], epochMs: 0, sale, sales: [sale] },
    campaign: {
      ...{ campaignId: 'campaign', quantity: 1 },
      rows: [{ couponId: 'coupon-e', buyerId: 'erin' }],
      inRedis: [{ couponId: 'coupon-e', buyerId: 'erin' }],
    },
  };
}

function honestSale(): SaleTruth {
  const sold = { capacity: 11, sold: 2 };
  return {
    saleId: 'sale',
    buyerTicketsMax: 4,
    types: [
      {
        ...{ ticketTypeId: 'std', priceMinor: 100, capacityAtStart: 10 },
        redis: { ...sold, available: 9, held: 0 },
        mysql: { ...sold, ordered: 2, ledgerSold: 2, ledgerCapacity: 11 },
        told: { ...sold, available: 9, held: 0, soldInMysql: 2, balanced: true },
      },
    ],
    holds: [
      { holdId: 'hold-a', buyerId: 'alice', status: 'sold' },
      { holdId: 'hold-b', buyerId: 'bob', status: 'released' },
      { holdId: 'hold-c', buyerId: 'carol', status: 'expired' },
    ],
    outcomes: [{ holdId: 'hold-a', outcome: 'sold', orderId: 'order-a' }],
    orders: [
      {
        ...{ orderId: 'order-a', holdId: 'hold-a', buyerId: 'alice', totalMinor: 200 },
        lines: [{ ticketTypeId: 'std', quantity: 2 }],
      },
    ],
    boughtInRedis: [{ buyerId: 'alice', held: 0, bought: 2 }],
    lawBroken: null,
  };
}

/** Gives a hold of two tickets an order in both stores, as if it had been bought. */
export function sell({ sale }: Story, holdId: string, buyerId: string): void {
  const orderId = `order of ${holdId}`;
  const lines = [{ ticketTypeId: 'std', quantity: 2 }];
  sale.orders.push({ orderId, holdId, buyerId, totalMinor: 200, lines });
  sale.outcomes = [
    ...sale.outcomes.filter((outcome) => outcome.holdId !== holdId),
    { holdId, outcome: 'sold', orderId },
  ];
  sale.holds = [...sale.holds.filter((hold) => hold.holdId !== holdId), { holdId, buyerId, status: 'sold' }];
  for (const { redis, mysql, told } of sale.types) {
    for (const counts of [redis, told]) {
      counts.sold += 2;
      counts.available -= 2;
    }
    told.soldInMysql += 2;
    mysql.sold += 2;
    mysql.ordered += 2;
    mysql.ledgerSold += 2;
  }
  const bought = sale.boughtInRedis.find((buyer) => buyer.buyerId === buyerId);
  if (bought) bought.bought += 2;
  else sale.boughtInRedis.push({ buyerId, held: 0, bought: 2 });
}

/** The one ticket type of the story. */
export function typeOf({ sale }: Story): TypeTruth {
  return sale.types[0] as TypeTruth;
}

/** The rules that a story breaks, each once, in the order of the alphabet. */
export function brokenRules(story: Story): string[] {
  return [...new Set(check(story).map(({ rule }) => rule))].sort();
}

/** A lie, exactly the rules that it breaks, and how it is told. */
export type Lie = [lie: string, rules: string[], plant: (story: Story) => void];

/** One test per lie: that it is found, and by which rules. */
export function findsLies(test: Test, lies: readonly Lie[]): void {
  for (const [lie, rules, plant] of lies) {
    test(`it finds that ${lie}`, () => {
      const story = honestStory();
      plant(story);
      assert.equal(brokenRules(story), [...rules].sort());
    });
  }
}

import * as assert from 'uvu/assert';
import { suite } from '../testing/suite.ts';
import { admin, app, badText, buyer, notTime, notWhole, optionalBadIds, refusal, refusesEach } from './bad-input.ts';
import { jsonInit } from './edge-fixtures.ts';

const test = suite('validation of admin calls');

const sale = {
  title: 'Gala',
  currency: 'EUR',
  opensAt: '2030-06-01T10:00:00.000Z',
  closesAt: '2030-06-02T10:00:00Z',
  holdTtlSeconds: 300,
  buyerTicketsMax: 4,
  orderTicketsMax: 4,
  ticketTypes: [{ ticketTypeId: 'ga', name: 'General', priceMinor: 4500, capacity: 100 }],
};
const rules = {
  title: [...badText, 'x'.repeat(201)],
  opensAt: notTime,
  closesAt: [...notTime.filter((value) => value !== null), sale.opensAt, '2030-05-01T00:00:00Z'],
  holdTtlSeconds: [...notWhole, 0, -1, 86_401],
  buyerTicketsMax: [...notWhole, 0, 1001],
  orderTicketsMax: [...notWhole.filter((value) => value !== null), 0, 1001],
  extra: [1],
};
const type = sale.ticketTypes[0];

test('a sale with any wrong field is refused, naming it', async () => {
  await refusesEach('/admin/sales', sale, {
    ...rules,
    title: [...rules.title, undefined],
    opensAt: [...rules.opensAt, undefined],
    saleId: optionalBadIds,
    currency: [undefined, null, 'eur', 'EURO', 'EU', '€', 978, ''],
    ticketTypes: [
      undefined,
      null,
      [],
      {},
      [type, type],
      Array.from({ length: 51 }, (_, i) => ({ ...type, ticketTypeId: `t${i}` })),
    ],
    'ticketTypes[0].ticketTypeId': optionalBadIds,
    'ticketTypes[0].name': [...badText, undefined],
    'ticketTypes[0].priceMinor': [...notWhole, undefined, -1, 1_000_000_001],
    'ticketTypes[0].capacity': [...notWhole, undefined, -1, 1_000_001],
    'ticketTypes[0].sold': [1],
    paused: [true],
  });
});

test('a change of a sale with any wrong field is refused; price and currency cannot be changed', async () => {
  const { closesAt, opensAt, title } = sale;
  await refusesEach(
    '/admin/sales/gala',
    { closesAt, opensAt, title },
    { ...rules, currency: ['USD'], ticketTypes: [[]] },
    'PATCH',
  );
  assert.is((await refusal('/admin/sales/gala', {}, admin, 'PATCH')).status, 400);
});

test('other admin calls with any wrong field are refused', async () => {
  const badReason = [...badText, undefined, 'x'.repeat(501)];
  const reason = 'because';
  for (const verb of ['pause', 'resume', 'close']) {
    await refusesEach(`/admin/sales/gala/${verb}`, { reason }, { reason: badReason, extra: [1] });
  }
  await refusesEach('/admin/holds/h/release', { reason }, { reason: badReason, extra: [1] });
  await refusesEach(
    '/admin/sales/gala/resync',
    { reason },
    { reason: badReason, dryRun: [null, 'true', 1, 0], extra: [1] },
  );
  await refusesEach(
    '/admin/sales/gala/ticket-types/ga/capacity',
    { delta: 1, reason },
    { delta: [...notWhole, undefined, 0, -0, 1_000_001, -1_000_001], reason: badReason, capacity: [1] },
  );
  await refusesEach(
    '/admin/coupon-campaigns',
    {
      title: 'Summer',
      quantity: 10,
      opensAt: sale.opensAt,
      closesAt: sale.closesAt,
      discount: { kind: 'percent', value: 5 },
    },
    {
      campaignId: optionalBadIds,
      title: badText,
      quantity: [...notWhole, undefined, 0, -1],
      opensAt: [...notTime, undefined],
      closesAt: rules.closesAt,
      discount: [
        undefined,
        null,
        {},
        [],
        5,
        { kind: 'percent', value: 101 },
        { kind: 'percent', value: 0 },
        { kind: 'gift', value: 1 },
      ],
      'discount.value': [...notWhole, undefined, 0, -1],
      extra: [1],
    },
  );
});

test('what is valid reaches the engine', async () => {
  const at = (path: string, body: unknown, method = 'POST') => app.request(path, jsonInit(body, admin, method));
  const lines = Array.from({ length: 20 }, (_, i) => ({ ticketTypeId: `t${i}`, quantity: 1000 }));
  const answers = [
    await at('/purchase/reserve', { saleId: 'x'.repeat(64), lines }),
    await at('/purchase/confirm', { token: 'x' }),
    await at('/coupons/c/issue', {}),
    await app.request('/coupons/c/issue', { method: 'POST', headers: buyer }),
    await at('/admin/sales', sale),
    await at('/admin/sales', { ...sale, closesAt: null, orderTicketsMax: null, title: "Ünïcode's 日本 🎫" }),
    await at('/admin/sales', {
      ...sale,
      ticketTypes: [
        { name: 'A', priceMinor: 0, capacity: 0 },
        { name: 'A', priceMinor: 1, capacity: 1 },
      ],
    }),
    await at('/admin/sales', {
      ...sale,
      ticketTypes: Array.from({ length: 50 }, (_, i) => ({ ...type, ticketTypeId: `t${i}` })),
    }),
    await at('/admin/sales/gala', { closesAt: null }, 'PATCH'),
    await at('/admin/sales/gala/ticket-types/ga/capacity', { delta: -1, reason: 'x' }),
    await at('/admin/coupon-campaigns', {
      title: 'S',
      quantity: 1,
      opensAt: sale.opensAt,
      discount: { kind: 'amount', value: 500 },
    }),
    await app.request('/orders?limit=100&cursor=abc', { headers: buyer }),
    await app.request('/admin/orders?buyerId=%F0%9F%8E%AB%20%7C', { headers: admin }),
  ];

  assert.equal(
    answers.map(({ status }) => status),
    answers.map(() => 500),
  );
});

import { randomUUID } from 'node:crypto';
import * as assert from 'uvu/assert';
import { openSale, openTestEngine } from '../testing/engine.ts';
import { freshId } from '../testing/stack.ts';
import { suite } from '../testing/suite.ts';
import { contractOf } from './contract-fixtures.ts';
import { problems } from './problems.ts';

const test = suite('HTTP contract for admins');
const { engine, close } = await openTestEngine();
test.after(close);
const call = contractOf(engine);
const ops = { as: 'ops', scope: 'admin' };
const reason = 'a test';

const sale = {
  title: 'Gala',
  currency: 'EUR',
  opensAt: '2020-06-01T10:00:00.000Z',
  holdTtlSeconds: 60,
  buyerTicketsMax: 4,
  ticketTypes: [
    { name: 'General admission', priceMinor: 4500, capacity: 5 },
    { name: 'General admission', priceMinor: 9900, capacity: 0 },
  ],
};
const codeOf = ({ status, body }: { status: number; body: Record<string, unknown> }) =>
  `${status} ${String(body['code'])}`;

test('a sale is created, named where it has no name, read, changed and listed', async () => {
  const created = await call('POST /admin/sales', { ...ops, body: sale });
  const path = `/admin/sales/${String(created.body['saleId'])}`;
  const changed = await call(`PATCH ${path}`, { ...ops, body: { title: 'Gala II', closesAt: '2099-01-01T00:00:00Z' } });
  const wrong = await call(`PATCH ${path}`, { ...ops, body: { closesAt: '2019-01-01T00:00:00Z' } });

  assert.is(created.status, 201);
  assert.equal(
    (created.body['ticketTypes'] as { ticketTypeId: string }[]).map(({ ticketTypeId }) => ticketTypeId),
    ['general-admission', 'general-admission-2'],
  );
  assert.is(changed.body['title'], 'Gala II');
  assert.equal((await call(`GET ${path}`, ops)).body, changed.body);
  assert.is(codeOf(wrong), '422 invalid_request');
  assert.equal(wrong.body['errors'], [{ field: 'closesAt', message: 'must be after opensAt' }]);
  assert.is((await call('GET /admin/sales?limit=2', ops)).status, 200);
  assert.is(codeOf(await call(`GET /admin/sales/${freshId('none')}`, ops)), '404 sale_not_found');
});

test('a repeated creation with a key answers as the first did, even where ids were made', async () => {
  const key = randomUUID();

  const first = await call('POST /admin/sales', { ...ops, key, body: sale });
  const again = await call('POST /admin/sales', { ...ops, key, body: sale });
  const other = await call('POST /admin/sales', { ...ops, key, body: { ...sale, title: 'Another' } });
  const taken = await call('POST /admin/sales', { ...ops, body: { ...sale, saleId: first.body['saleId'] } });

  assert.equal(again.body, first.body);
  assert.is(codeOf(other), '422 idempotency_mismatch');
  assert.is(codeOf(taken), '409 sale_exists');
});

test('stock is seen, added, taken away and set right', async () => {
  const saleId = await openSale(engine, 5);
  const path = `/admin/sales/${saleId}`;
  const capacity = (delta: number, type = 'std') =>
    call(`POST ${path}/ticket-types/${type}/capacity`, { ...ops, body: { delta, reason } });

  assert.equal((await capacity(5)).body, { ticketTypeId: 'std', before: { capacity: 5 }, after: { capacity: 10 } });
  const inUse = await capacity(-11);
  assert.is(codeOf(inUse), '409 capacity_in_use');
  assert.is(inUse.body['available'], 10);
  assert.is(codeOf(await capacity(1, 'vip')), '404 ticket_type_not_found');
  const other = await openSale(engine, 1_000_000);
  const grow = () =>
    call(`POST /admin/sales/${other}/ticket-types/std/capacity`, { ...ops, body: { delta: 1_000_000, reason } });
  for (let i = 2; i <= 10; i += 1) assert.is((await grow()).status, 200);
  const tooLarge = await grow();
  assert.is(codeOf(tooLarge), '422 capacity_too_large');
  assert.is(tooLarge.body['capacityMax'], problems.capacity_too_large.members.capacityMax);
  const stock = (await call(`GET ${path}/stock`, ops)).body['ticketTypes'] as { available: number }[];
  assert.is(stock[0]?.available, 10);
  assert.is((await call(`POST ${path}/resync`, { ...ops, body: { dryRun: true, reason } })).body['applied'], false);
  assert.is((await call(`POST ${path}/resync`, { ...ops, body: { reason } })).body['applied'], true);
  const none = freshId('none');
  assert.is(codeOf(await call(`GET /admin/sales/${none}/stock`, ops)), '404 sale_not_found');
  assert.is(codeOf(await call(`POST /admin/sales/${none}/resync`, { ...ops, body: { reason } })), '404 sale_not_found');
});

test('a sale is paused, resumed and closed', async () => {
  const saleId = await openSale(engine, 5);
  const turn = (verb: string) => call(`POST /admin/sales/${saleId}/${verb}`, { ...ops, body: { reason } });
  const reserve = () =>
    call('POST /purchase/reserve', { as: 'bob', body: { saleId, lines: [{ ticketTypeId: 'std', quantity: 1 }] } });

  assert.is((await turn('pause')).body['status'], 'paused');
  assert.is(codeOf(await reserve()), '409 sale_paused');
  assert.is((await turn('resume')).body['status'], 'open');
  assert.is((await reserve()).status, 201);
  assert.is((await turn('close')).body['status'], 'closed');
  assert.is(codeOf(await reserve()), '409 sale_closed');
  assert.is(codeOf(await turn('resume')), '409 sale_closed');
});

test('holds, orders and the audit are looked into, and a hold is given back', async () => {
  const saleId = await openSale(engine, 5);
  const body = { saleId, lines: [{ ticketTypeId: 'std', quantity: 1 }] };
  const { holdId } = (await call('POST /purchase/reserve', { as: 'bob', body })).body;
  const { token } = (await call('POST /purchase/reserve', { as: 'carol', body })).body;
  await call('POST /purchase/confirm', { as: 'carol', body: { token } });
  const ofBob = await call(`GET /admin/sales/${saleId}/holds?buyerId=bob&status=held`, ops);
  const seen = await call(`GET /admin/holds/${String(holdId)}`, ops);

  assert.equal(
    (ofBob.body['items'] as { holdId: string }[]).map((hold) => hold.holdId),
    [holdId],
  );
  assert.is((seen.body['redis'] as { status: string } | undefined)?.status, 'held');
  const release = () => call(`POST /admin/holds/${String(holdId)}/release`, { ...ops, body: { reason } });
  assert.equal([(await release()).status, (await release()).status], [200, 200]);
  const orders = await call(`GET /admin/orders?saleId=${saleId}&buyerId=carol`, ops);
  assert.is((orders.body['items'] as unknown[]).length, 1);
  assert.is((await call(`GET /admin/audit?saleId=${saleId}`, ops)).status, 200);
  assert.is(codeOf(await call(`GET /admin/holds/${freshId('none')}`, ops)), '404 hold_not_found');
});

test('a coupon is issued once to a buyer, and no more than there are', async () => {
  const body = { title: 'Summer', quantity: 1, opensAt: sale.opensAt, discount: { kind: 'percent', value: 20 } };
  const created = await call('POST /admin/coupon-campaigns', { ...ops, body });
  const campaignId = created.body['campaignId'];
  const later = await call('POST /admin/coupon-campaigns', {
    ...ops,
    body: { ...body, opensAt: '2099-01-01T00:00:00Z' },
  });
  const issue = (as: string, id: unknown = campaignId) => call(`POST /coupons/${String(id)}/issue`, { as });

  const first = await issue('alice');
  const again = await issue('alice');

  assert.is(first.status, 201);
  assert.is(codeOf(again), '409 already_issued');
  assert.is(again.body['couponId'], first.body['couponId']);
  assert.is(codeOf(await issue('bob')), '409 coupons_exhausted');
  assert.is(codeOf(await issue('bob', later.body['campaignId'])), '409 campaign_not_open');
  assert.is(codeOf(await issue('bob', freshId('none'))), '404 campaign_not_found');
  assert.is(
    codeOf(await call('POST /admin/coupon-campaigns', { ...ops, body: { ...body, campaignId } })),
    '409 campaign_exists',
  );
  assert.is((await call('GET /coupons', { as: 'alice' })).status, 200);
});

test('a cursor that nobody was given is refused, and is no failure of ours', async () => {
  const saleId = await openSale(engine, 1);
  const lists = [
    '/orders',
    '/coupons',
    '/admin/sales',
    '/admin/orders',
    '/admin/audit',
    `/admin/sales/${saleId}/holds`,
  ];

  for (const list of lists) {
    for (const cursor of ['x', '0', '-1', 'e30', 'bnVsbA', '%7B%7D', 'W10', `${'9'.repeat(300)}`, "'--"]) {
      const { status } = await call(`GET ${list}?cursor=${cursor}`, ops);
      assert.ok(status === 400 || status === 200, `${list} ${cursor}: ${status}`);
    }
  }
});

test('an admin reads what was decided about a buyer, and the stock that follows from it', async () => {
  const saleId = await openSale(engine, 1);
  const body = { saleId, lines: [{ ticketTypeId: 'std', quantity: 1 }] };
  const path = `/admin/sales/${saleId}/decisions`;
  await call('POST /purchase/reserve', { as: 'alice', body });
  await call('POST /purchase/reserve', { as: 'bob', body });

  const { body: page } = await call(`GET ${path}?buyerId=bob`, ops);
  const { body: stock } = await call(`GET ${path}/stock`, ops);

  const [decision, ...others] = page['items'] as Record<string, unknown>[];
  assert.equal([decision?.['verb'], decision?.['outcome'], others.length], ['place', 'all_held', 0]);
  assert.match(String(decision?.['explanation']), 'of std 0 were available and 1 held');
  assert.equal(stock['ticketTypes'], [{ ticketTypeId: 'std', available: 0, held: 1, sold: 0 }]);
  assert.equal(stock['gaps'], []);
  for (const wrong of [path, `${path}/stock`]) {
    assert.is(codeOf(await call(`GET ${wrong.replace(saleId, freshId('none'))}`, ops)), '404 sale_not_found');
  }
  assert.is(codeOf(await call(`GET ${path}?cursor=eHg`, ops)), '400 invalid_request');
});

test('the cursor of holds is taken as it was given and not otherwise, and never further than Redis can count', async () => {
  const saleId = await openSale(engine, 1);
  const statusOf = async (cursor: string) =>
    (await call(`GET /admin/sales/${saleId}/holds?cursor=${encodeURIComponent(cursor)}`, ops)).status;
  const encode = (text: string) => Buffer.from(text).toString('base64url');

  assert.is(await statusOf(encode('18446744073709551615 0')), 200);
  for (const text of ['18446744073709551616 0', '99999999999999999999 0', '00 0', '0 00', '0 -1', ' 0', '']) {
    assert.is(await statusOf(encode(text)), 400, text);
  }
  for (const other of ['=', '.', 'A']) assert.is(await statusOf(encode('0 1') + other), 400, other);
});

import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { openSale, openTestEngine } from '../testing/engine.ts';
import { freshId } from '../testing/stack.ts';
import { suite } from '../testing/suite.ts';
import { contractOf } from './contract-fixtures.ts';

const test = suite('HTTP contract');
// Each refusal is to be the newest there is, also within a moment of the last one.
const { engine, close } = await openTestEngine({ SHORTAGE_MEMORY_MS: '0' });
test.after(close);
const call = contractOf(engine);

const reserve = (as: string, saleId: string, ask: { key?: string; quantity?: number } = {}) =>
  call('POST /purchase/reserve', {
    as,
    body: { saleId, lines: [{ ticketTypeId: 'std', quantity: ask.quantity ?? 1 }] },
    ...(ask.key === undefined ? {} : { key: ask.key }),
  });
const codeOf = ({ status, body }: { status: number; body: Record<string, unknown> }) =>
  `${status} ${String(body['code'])}`;

test('a ticket is held, bought once, and found again', async () => {
  const saleId = await openSale(engine, 10);

  const held = await reserve('alice', saleId);
  const { holdId, token } = held.body;
  const holds = await call(`GET /purchase/holds?saleId=${saleId}`, { as: 'alice' });
  const first = await call('POST /purchase/confirm', { as: 'alice', body: { token } });
  const again = await call('POST /purchase/confirm', { as: 'alice', body: { token } });
  const orderId = first.body['orderId'];

  assert.is(held.status, 201);
  assert.equal(
    (holds.body['items'] as { token: string }[]).map((hold) => hold.token),
    [token],
  );
  assert.equal([first.status, again.status], [201, 200]);
  assert.equal(again.body, first.body);
  assert.equal((await call(`GET /orders/${String(orderId)}`, { as: 'alice' })).body, first.body);
  assert.is((await call('GET /orders?limit=1', { as: 'alice' })).status, 200);
  assert.is((await call(`GET /purchase/holds/${String(holdId)}`, { as: 'alice' })).body['status'], 'sold');
  assert.is(codeOf(await call('POST /purchase/release', { as: 'alice', body: { token } })), '409 already_confirmed');
});

test('a replay with the same key answers 200 with the same body, with another body 422', async () => {
  const saleId = await openSale(engine, 10);
  const key = randomUUID();

  const first = await reserve('alice', saleId, { key });
  const replay = await reserve('alice', saleId, { key });
  const other = await reserve('alice', saleId, { key, quantity: 2 });

  assert.equal([first.status, replay.status], [201, 200]);
  assert.equal(replay.body, first.body);
  assert.is(first.headers.get('idempotent-replayed'), null);
  assert.is(replay.headers.get('idempotent-replayed'), 'true');
  assert.is(codeOf(other), '422 idempotency_mismatch');
});

test('what belongs to another buyer cannot be bought, released or read', async () => {
  const saleId = await openSale(engine, 10);
  const { holdId, token } = (await reserve('alice', saleId)).body;
  const bought = (await reserve('alice', saleId)).body['token'];
  const { orderId } = (await call('POST /purchase/confirm', { as: 'alice', body: { token: bought } })).body;

  for (const mallory of ['mallory', 'alic', 'alice2', 'Alice', 'alice ']) {
    const asMallory = { as: mallory, body: { token } };
    assert.is(codeOf(await call('POST /purchase/confirm', asMallory)), '403 not_your_hold');
    assert.is(codeOf(await call('POST /purchase/release', asMallory)), '403 not_your_hold');
    assert.is(codeOf(await call(`GET /purchase/holds/${String(holdId)}`, { as: mallory })), '404 hold_not_found');
    assert.is(codeOf(await call(`GET /orders/${String(orderId)}`, { as: mallory })), '404 order_not_found');
  }
});

test('every refusal of a reserve is told with its members', async () => {
  const open = await openSale(engine, 2, { buyerTicketsMax: 3, orderTicketsMax: 2 });
  const later = await openSale(engine, 1, { opensAtMs: Date.now() + 3_600_000 });
  const over = await openSale(engine, 1, { opensAtMs: Date.now() - 2000, closesAtMs: Date.now() - 1000 });
  const lines = [{ ticketTypeId: 'vip', quantity: 1 }];

  const notOpen = await reserve('alice', later);
  assert.is(codeOf(notOpen), '409 sale_not_open');
  assert.ok(Date.parse(String(notOpen.body['opensAt'])) > Date.now());
  assert.is(codeOf(await reserve('alice', over)), '409 sale_closed');
  assert.is(codeOf(await reserve('alice', freshId('none'))), '404 sale_not_found');
  const unknown = await call('POST /purchase/reserve', { as: 'alice', body: { saleId: open, lines } });
  assert.is(codeOf(unknown), '404 ticket_type_not_found');
  assert.equal(unknown.body['lines'], [{ ticketTypeId: 'vip' }]);
  const limited = await reserve('alice', open, { quantity: 3 });
  assert.is(codeOf(limited), '409 limit_reached');
  assert.equal([limited.body['scope'], limited.body['limit']], ['order', 2]);

  const { token } = (await reserve('bob', open, { quantity: 2 })).body;
  const allHeld = await reserve('alice', open);
  assert.is(codeOf(allHeld), '409 all_held');
  assert.ok(Number(allHeld.headers.get('retry-after')) >= 1);
  await call('POST /purchase/confirm', { as: 'bob', body: { token } });
  const soldOut = await reserve('alice', open);
  assert.is(codeOf(soldOut), '409 sold_out');
  assert.equal(soldOut.body['lines'], [{ ticketTypeId: 'std' }]);
});

test('a released hold may be released again and not be bought; a token of nobody is invalid', async () => {
  const saleId = await openSale(engine, 1);
  const { token } = (await reserve('alice', saleId)).body;
  const release = () => call('POST /purchase/release', { as: 'alice', body: { token } });

  assert.equal([(await release()).status, (await release()).status], [200, 200]);
  assert.is(codeOf(await call('POST /purchase/confirm', { as: 'alice', body: { token } })), '410 hold_released');
  for (const bad of ['x', 'a.b.c', `${String(token)}x`, String(token).slice(0, -2)]) {
    assert.is(codeOf(await call('POST /purchase/confirm', { as: 'alice', body: { token: bad } })), '422 invalid_token');
    assert.is(codeOf(await call('POST /purchase/release', { as: 'alice', body: { token: bad } })), '422 invalid_token');
  }
});

test('an expired hold is gone', async () => {
  const saleId = await openSale(engine, 1, { holdTtlMs: 1000 });
  const { token } = (await reserve('alice', saleId)).body;

  await sleep(1200);

  assert.is(codeOf(await call('POST /purchase/confirm', { as: 'alice', body: { token } })), '410 hold_expired');
  assert.is(codeOf(await call('POST /purchase/release', { as: 'alice', body: { token } })), '410 hold_expired');
});

test('buyers see what is left, and may have it from a cache for a second', async () => {
  const saleId = await openSale(engine, 1);

  const sale = await call(`GET /sales/${saleId}`);
  const list = await call('GET /sales');

  assert.is(sale.headers.get('cache-control'), 'public, max-age=1');
  assert.is(sale.body['status'], 'open');
  assert.ok((list.body['items'] as { saleId: string }[]).some((item) => item.saleId === saleId));
  assert.is(codeOf(await call(`GET /sales/${freshId('none')}`)), '404 sale_not_found');
});

test('health, readiness and liveness of a running engine', async () => {
  for (const path of ['/health', '/readyz', '/livez']) assert.is((await call(`GET ${path}`)).status, 200, path);
});

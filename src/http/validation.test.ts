import * as assert from 'uvu/assert';
import { suite } from '../testing/suite.ts';
import { admin, app, badIds, buyer, notText, notWhole, refusal, refusesEach } from './bad-input.ts';
import { jsonInit, problemOf } from './edge-fixtures.ts';

const test = suite('validation');

const reserve = { saleId: 'gala', lines: [{ ticketTypeId: 'ga', quantity: 1 }] };
const line = (ticketTypeId: string) => ({ ticketTypeId, quantity: 1 });

test('a reserve with any wrong field is refused, naming it', async () => {
  await refusesEach('/purchase/reserve', reserve, {
    saleId: badIds,
    lines: [
      undefined,
      null,
      {},
      'x',
      1,
      [],
      [null],
      [[]],
      [1],
      ['x'],
      Array.from({ length: 21 }, (_, i) => line(`t${i}`)),
    ],
    'lines[0].ticketTypeId': badIds,
    'lines[0].quantity': [...notWhole, undefined, 0, -1, 1001],
    'lines[0].extra': [1],
    priceMinor: [1],
    buyerId: ['mallory'],
    nowMs: [0],
  });
  await refusesEach('/purchase/reserve', reserve, { lines: [[line('a'), line('b'), line('a')]] });
});

test('a body that is no object is refused', async () => {
  for (const path of ['/purchase/reserve', '/purchase/confirm', '/purchase/release', '/coupons/c/issue']) {
    for (const body of ['null', '[]', '1', '"x"', 'true', '[[]]', '{"a":1}', '[{}]']) {
      assert.is((await refusal(path, body, buyer)).code, 'invalid_request', `${path} ${body}`);
    }
  }
});

test('a body that is no UTF-8 is refused, for its text would not come out of a store as it went in', async () => {
  const bad = [[0xff], [0xc3, 0x28], [0x80], [0xf5, 0x80, 0x80, 0x80], [0xed, 0xa0, 0x80], [0xc0, 0xaf]];
  for (const bytes of bad) {
    const body = Buffer.concat([Buffer.from('{"reason":"a'), Buffer.from(bytes), Buffer.from('"}')]);
    const ways: [string, RequestInit['body'] & object, Record<string, string>][] = [
      ['declared', body, { 'Content-Length': String(body.length) }],
      ['counted', body, {}],
    ];
    for (const [way, sent, headers] of ways) {
      const init = {
        method: 'POST',
        body: sent,
        headers: { 'Content-Type': 'application/json', ...admin, ...headers },
      };
      const response = await app.request('/admin/sales/gala/pause', init);
      assert.is(response.status, 400, `${way} ${bytes.join()}`);
      assert.is((await problemOf(response)).code, 'invalid_json', `${way} ${bytes.join()}`);
    }
  }
});

test('broken JSON is refused as such', async () => {
  for (const body of [
    '',
    ' ',
    '{',
    '{"a":}',
    "{'a':1}",
    '{"a":1,}',
    'undefined',
    'NaN',
    '\u0000',
    '{"a":1}{"b":2}',
    '['.repeat(10_000),
  ]) {
    const { status, code } = await refusal('/purchase/reserve', body, buyer);
    assert.is(status, 400, body.slice(0, 20));
    assert.is(code, 'invalid_json', body.slice(0, 20));
  }
});

test('deep nesting and floods of values are refused', async () => {
  const floods = [
    `{"saleId":${'['.repeat(8000)}${']'.repeat(8000)}}`,
    `{"saleId":"a","lines":${'[{"a":'.repeat(2000)}1${'}]'.repeat(2000)}}`,
    JSON.stringify({ ...reserve, lines: Array.from({ length: 5000 }, () => ({})) }),
    JSON.stringify({ ...reserve, lines: Array.from({ length: 800 }, () => ({ ticketTypeId: [] })) }),
    JSON.stringify(Object.fromEntries(Array.from({ length: 1500 }, (_, i) => [`k${i}`, 1]))),
  ];
  for (const flood of floods) {
    assert.ok(flood.length <= 16_384, String(flood.length));
    const { status, code } = await refusal('/purchase/reserve', flood, buyer);
    assert.is(status, 400);
    assert.is(code, 'invalid_request');
  }
});

test('keys that reach a prototype are refused at any depth and in any spelling', async () => {
  const bodies = [
    '{"saleId":"gala","lines":[{"ticketTypeId":"ga","quantity":1}],"__proto__":{"admin":true}}',
    '{"saleId":"gala","lines":[{"ticketTypeId":"ga","quantity":1,"__proto__":1}]}',
    '{"saleId":"gala","lines":[{"ticketTypeId":"ga","quantity":1,"\\u005f_proto__":null}]}',
    '{"__proto__":{"saleId":"gala","lines":[{"ticketTypeId":"ga","quantity":1}]}}',
    '{"saleId":"gala","lines":[{"ticketTypeId":"ga","quantity":1}],"constructor":{}}',
    '{"saleId":"gala","lines":[{"ticketTypeId":"ga","quantity":1}],"\\u0070rototype":{}}',
  ];
  for (const body of bodies) {
    const { status, code, fields } = await refusal('/purchase/reserve', body, buyer);
    assert.is(status, 400, body);
    assert.is(code, 'invalid_request', body);
    assert.ok(['__proto__', 'constructor', 'prototype'].includes(fields[0] ?? ''), body);
  }
});

test('a harmless value that only looks like such a key gets past the guard', async () => {
  const { fields } = await refusal(
    '/purchase/reserve',
    { ...reserve, saleId: '__proto__', extra: 'constructor' },
    buyer,
  );

  assert.equal(fields, ['extra']);
});

test('every wrong field is named at once, at most twenty', async () => {
  const { fields } = await refusal(
    '/purchase/reserve',
    { saleId: 1, lines: [{ ticketTypeId: '', quantity: 0 }], x: 1 },
    buyer,
  );
  assert.equal(fields, ['saleId', 'lines[0].ticketTypeId', 'lines[0].quantity', 'x']);

  const many = await refusal(
    '/purchase/reserve',
    Object.fromEntries(Array.from({ length: 90 }, (_, i) => [`k${i}`, 1])),
    buyer,
  );
  assert.is(many.fields.length, 20);
});

test('a token that is no text is refused before the engine', async () => {
  for (const path of ['/purchase/confirm', '/purchase/release']) {
    await refusesEach(path, { token: 'x' }, { token: [...notText, 'x'.repeat(8193)], extra: [1] });
  }
});

test('an Idempotency-Key is 1 to 255 visible ASCII characters', async () => {
  for (const key of ['', 'a b', 'x'.repeat(256), 'é', 'a\tb', 'a, b']) {
    const { status, fields } = await refusal('/purchase/reserve', reserve, { ...buyer, 'Idempotency-Key': key });
    assert.is(status, 400, key);
    assert.equal(fields, ['Idempotency-Key']);
  }
});

test('ids in paths that no id can be are refused', async () => {
  for (const bad of ['a%20b', 'a%2Fb', '%00', '%E0%A4%A', 'x'.repeat(65), '%C3%A9', "'--"]) {
    for (const path of [
      `/sales/${bad}`,
      `/orders/${bad}`,
      `/purchase/holds/${bad}`,
      `/admin/holds/${bad}`,
      `/admin/sales/${bad}/stock`,
    ]) {
      const response = await app.request(path, { headers: admin });
      assert.is(response.status, 400, path);
      assert.is((await problemOf(response)).code, 'invalid_request', path);
    }
  }
});

test('query strings are judged as strictly as bodies', async () => {
  const bad = [
    'limit=0',
    'limit=101',
    'limit=-1',
    'limit=1.5',
    'limit=1e1',
    'limit=0x10',
    'limit=+5',
    'limit=05',
    'limit=',
    'limit=x',
    'limit=5&limit=6',
  ];
  bad.push('cursor=', 'cursor=a%20b', `cursor=${'x'.repeat(513)}`, 'cursor=a&cursor=b', 'page=2', 'constructor=1');
  for (const query of bad) {
    for (const path of [
      '/orders',
      '/coupons',
      '/admin/sales',
      '/admin/orders',
      '/admin/audit',
      '/admin/sales/gala/holds',
    ]) {
      const response = await app.request(`${path}?${query}`, { headers: admin });
      assert.is(response.status, 400, `${path}?${query}`);
    }
  }
  for (const path of [
    '/admin/sales/gala/holds?status=gone',
    '/admin/orders?saleId=a%20b',
    '/purchase/holds?saleId=',
    `/admin/orders?buyerId=${'é'.repeat(128)}`,
  ]) {
    assert.is((await app.request(path, { headers: admin })).status, 400, path);
  }
});

test('the same bad body is refused every time, also after a good one', async () => {
  const good = JSON.stringify(reserve);
  const send = async (text: string) => (await app.request('/purchase/reserve', jsonInit(text, buyer))).status;

  assert.equal([await send(good), await send(good), await send(good)], [500, 500, 500]);
  const bad = [
    good.replace('1}', '0}'),
    `${good} x`,
    good.replace('gala', 'g la'),
    good.replace('}]}', '}],"__proto__":1}'),
  ];
  for (const text of [...bad, ...bad]) assert.is(await send(text), 400, text);
});

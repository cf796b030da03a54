import { setTimeout as sleep } from 'node:timers/promises';
import Joi from 'joi';
import { Registry } from 'prom-client';
import * as assert from 'uvu/assert';
import type { Health } from '../domain/audit.ts';
import { UnavailableError } from '../domain/errors.ts';
import type { Engine } from '../engine/engine.ts';
import { suite } from '../testing/suite.ts';
import { createApp, type HttpOptions } from './app.ts';
import { bearer, edgeApp, edgeOptions, jsonInit, problemOf, unreachable } from './edge-fixtures.ts';
import { catalogue } from './routes/catalogue.ts';
import { healthSchema } from './views/audit.ts';

const test = suite('app');
const app = edgeApp();
const reserve = { saleId: 'gala', lines: [{ ticketTypeId: 'ga', quantity: 1 }] };

/** The engine that must not be reached, but for these calls, whose slowness or failure is what is tested. */
function appWith(calls: Partial<Engine>, overrides: Partial<HttpOptions> = {}) {
  const options = edgeOptions(overrides);
  const engine = new Proxy(unreachable, { get: (target, name) => Reflect.get(name in calls ? calls : target, name) });
  return { app: createApp(engine, options), options };
}

test('every route for buyers and admins refuses callers without a token, and buyers where an admin is due', async () => {
  for (const { method, path, scope } of catalogue(edgeOptions())) {
    if (scope === 'public') continue;
    const url = path.replaceAll(/:\w+/g, 'x');
    const anonymous = await app.request(url, { method });
    assert.is(anonymous.status, 401, path);
    assert.is(anonymous.headers.get('www-authenticate'), 'Bearer');
    assert.is((await problemOf(anonymous)).code, 'unauthorized');
    const forged = await app.request(url, { method, headers: { Authorization: 'Bearer a.b.c' } });
    assert.is(forged.status, 401, path);
    assert.is(forged.headers.get('www-authenticate'), 'Bearer error="invalid_token"');
    if (scope !== 'admin') continue;
    const buyer = await app.request(url, { method, headers: bearer('alice', 'administrator') });
    assert.is(buyer.status, 403, path);
    assert.is((await problemOf(buyer)).code, 'forbidden');
    assert.match(buyer.headers.get('www-authenticate') ?? '', 'insufficient_scope');
  }
});

test('unknown paths answer 404', async () => {
  for (const path of [
    '/',
    '/nothing',
    '/sales/',
    '/sales/a/b',
    '/SALES',
    '//sales',
    '/livez/',
    '/docs/package.json',
    '/docs/../package.json',
    '/docs/%2e%2e%2fpackage.json',
    '/docs/swagger-ui-bundle.js.map',
    '/sales/%2e%2e',
  ]) {
    const response = await app.request(`http://localhost${path}`);
    assert.is(response.status, 404, path);
    assert.is((await problemOf(response)).code, 'not_found');
  }
});

test('known paths answer 405 to other methods and name those they take', async () => {
  const allow = async (method: string, path: string) => {
    const response = await app.request(path, { method });
    assert.is(response.status, 405, `${method} ${path}`);
    assert.is((await problemOf(response)).code, 'method_not_allowed');
    return response.headers.get('allow');
  };

  assert.is(await allow('GET', '/purchase/reserve'), 'POST');
  assert.is(await allow('DELETE', '/sales/gala'), 'GET, HEAD');
  assert.is(await allow('PUT', '/admin/sales/gala'), 'GET, HEAD, PATCH');
  assert.is(await allow('PATCH', '/admin/sales'), 'GET, HEAD, POST');
  assert.is(await allow('OPTIONS', '/orders'), 'GET, HEAD');
  assert.is(await allow('PROPFIND', '/health'), 'GET, HEAD');
  assert.is((await app.request('/purchase/reserve', { method: 'HEAD' })).status, 405);
});

test('a body of another type answers 415', async () => {
  for (const type of [
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/json; charset=latin1',
    'application/jsonp',
    'multipart/form-data; boundary=x',
    '',
  ]) {
    const response = await app.request(
      '/purchase/reserve',
      jsonInit(reserve, { ...bearer('a'), 'Content-Type': type }),
    );
    assert.is(response.status, 415, type);
    assert.is((await problemOf(response)).code, 'unsupported_media_type');
  }
  for (const type of [
    'application/json',
    'Application/JSON',
    'application/json; charset=utf-8',
    'application/json;charset="UTF-8"',
  ]) {
    const response = await app.request('/purchase/reserve', jsonInit({}, { ...bearer('a'), 'Content-Type': type }));
    assert.is((await problemOf(response)).code, 'invalid_request', type);
  }
});

test("every answer carries the caller's request id, or a new one where that is not harmless", async () => {
  const requests: [string, RequestInit][] = [
    ['/livez', {}],
    ['/nothing', {}],
    ['/health', { method: 'POST' }],
    ['/orders', {}],
    ['/purchase/reserve', jsonInit({}, bearer('a'))],
  ];
  for (const [path, init] of requests) {
    const id = async (given?: string) => {
      const headers = new Headers(init.headers);
      if (given !== undefined) headers.set('X-Request-Id', given);
      const response = await app.request(path, { ...init, headers });
      const answered = response.headers.get('x-request-id') ?? '';
      if (response.status >= 400) assert.is((await problemOf(response)).instance, answered);
      return answered;
    };
    assert.is(await id('abc-123_X'), 'abc-123_X');
    assert.match(await id(), /^[A-Za-z0-9_-]{12}-[0-9a-z]+$/);
    for (const bad of ['a"b', 'x'.repeat(65), 'a b', 'é', ''])
      assert.match(await id(bad), /^[A-Za-z0-9_-]{12}-[0-9a-z]+$/);
  }
});

test('answers cannot be sniffed as something else and are not stored', async () => {
  for (const path of ['/livez', '/nothing', '/orders']) {
    const { headers } = await app.request(path);
    assert.is(headers.get('x-content-type-options'), 'nosniff');
    assert.is(headers.get('cache-control'), 'no-store');
  }
});

test('a request past its deadline answers 503, and what fails later is not lost', async () => {
  let end: () => void = () => undefined;
  const answered = new Promise<void>((resolve) => {
    end = resolve;
  });
  const late: Partial<Engine> = {
    reserve: () => answered.then(() => Promise.reject(new Error('a late bug'))),
    confirm: () => answered.then(() => Promise.reject(new UnavailableError('late'))),
  };
  const { app: slow, options } = appWith(late, { requestDeadlineMs: 40, confirmDeadlineMs: 80 });

  const reserved = await slow.request('/purchase/reserve', jsonInit(reserve, bearer('a')));
  const confirmed = await slow.request('/purchase/confirm', jsonInit({ token: 'x' }, bearer('a')));
  end();
  await sleep(10);

  assert.is(reserved.status, 503);
  assert.is(reserved.headers.get('retry-after'), '1');
  assert.is((await problemOf(reserved)).code, 'unavailable');
  assert.is(confirmed.status, 503);
  assert.is(options.lines.filter((line) => line.includes('a late bug')).length, 1);
});

test('a bug answers 500 without a word of it, is logged once with its state, and no credential is logged', async () => {
  const options = edgeOptions();
  const broken = createApp(unreachable, options);
  const headers = bearer('alice');

  const response = await broken.request('/purchase/reserve', jsonInit(reserve, { ...headers, 'X-Request-Id': 'r-1' }));
  const problem = await problemOf(response);

  assert.is(response.status, 500);
  assert.is(problem.code, 'internal_error');
  assert.not.match(JSON.stringify(problem), 'reached');
  assert.is(options.lines.length, 1);
  assert.match(options.lines[0] ?? '', 'the engine was reached');
  assert.match(options.lines[0] ?? '', 'r-1');
  assert.not.match(options.lines.join(), headers.Authorization.slice(7));
});

const up = { status: 'up', latencyMs: 1, version: '1', error: null } as const;
const down = { status: 'down', latencyMs: null, version: null, error: 'away' } as const;
const fine: Health = { status: 'ok', redis: up, mysql: up };
const degraded: Health = { status: 'degraded', redis: up, mysql: down };

test('health tells of both stores, readiness says why not, liveness asks nobody', async () => {
  const { app: good } = appWith({ health: async () => fine });
  const { app: bad } = appWith({ health: async () => degraded });
  const { app: draining } = appWith(
    { health: async () => fine },
    { isReady: () => ({ ready: false, reasons: ['draining'] }) },
  );

  assert.is((await good.request('/health')).status, 200);
  assert.is((await bad.request('/health')).status, 503);
  Joi.assert(await (await bad.request('/health')).json(), healthSchema);
  assert.equal(await (await good.request('/readyz')).json(), { ready: true, reasons: [] });
  const unready = await bad.request('/readyz');
  assert.is(unready.status, 503);
  assert.equal(await unready.json(), { ready: false, reasons: ['mysql is down'] });
  const drained = await draining.request('/readyz');
  assert.is(drained.status, 503);
  assert.equal(await drained.json(), { ready: false, reasons: ['draining'] });
  assert.is((await app.request('/livez')).status, 200);
});

test('however many ask for health at once, the stores are asked once', async () => {
  let asked = 0;
  const { app: watched } = appWith({
    health: async () => {
      asked += 1;
      await sleep(20);
      return fine;
    },
  });

  await Promise.all(Array.from({ length: 50 }, async (_, i) => watched.request(i % 2 ? '/health' : '/readyz')));

  assert.is(asked, 1);
});

test('metrics count by pattern of route, and are there only where they are served, behind their token', async () => {
  const registry = new Registry();
  const token = 'the token of the metrics';
  const counted = edgeApp({ metrics: { registry, token, serve: true } });
  await counted.request('/sales/some-sale');
  await counted.request('/livez', { method: 'DELETE' });
  await counted.request('/wp-login.php');

  const refused = [
    await counted.request('/metrics'),
    await counted.request('/metrics', { headers: { Authorization: `Bearer ${token}x` } }),
    await counted.request('/metrics', { headers: bearer('ops', 'admin') }),
  ];
  const served = await counted.request('/metrics', { headers: { Authorization: `Bearer ${token}` } });
  const text = await served.text();

  assert.equal(
    refused.map(({ status }) => status),
    [401, 401, 401],
  );
  assert.match(text, 'onsale_http_request_duration_seconds_count{method="GET",route="/sales/:saleId",status="500"} 1');
  assert.match(text, 'onsale_http_request_duration_seconds_count{method="DELETE",route="/livez",status="405"} 1');
  assert.match(text, 'onsale_http_request_duration_seconds_count{method="GET",route="none",status="404"} 1');
  assert.not.match(text, 'some-sale');
  assert.is((await edgeApp({ metrics: { registry, token, serve: false } }).request('/metrics')).status, 404);
});

test('CORS answers configured origins only, and nobody when there are none', async () => {
  const shop = edgeApp({ corsOrigins: ['https://shop.example'] });
  const preflight = (origin: string) =>
    shop.request('/purchase/reserve', {
      method: 'OPTIONS',
      headers: { Origin: origin, 'Access-Control-Request-Method': 'POST' },
    });

  const allowed = await preflight('https://shop.example');
  assert.is(allowed.status, 204);
  assert.is(allowed.headers.get('access-control-allow-origin'), 'https://shop.example');
  assert.match(allowed.headers.get('access-control-allow-headers') ?? '', 'Idempotency-Key');
  assert.ok(allowed.headers.get('x-request-id'));
  assert.is((await preflight('https://evil.example')).headers.get('access-control-allow-origin'), null);
  const plain = await shop.request('/livez', { headers: { Origin: 'https://shop.example', 'X-Request-Id': 'r-1' } });
  assert.is(plain.headers.get('access-control-allow-origin'), 'https://shop.example');
  assert.is(plain.headers.get('x-request-id'), 'r-1');
  const refused = await shop.request('/orders', { headers: { Origin: 'https://shop.example' } });
  assert.is(refused.status, 401);
  assert.is(refused.headers.get('access-control-allow-origin'), 'https://shop.example');
  const none = await app.request('/livez', { headers: { Origin: 'https://shop.example' } });
  assert.is(none.headers.get('access-control-allow-origin'), null);
  const any = await edgeApp({ corsOrigins: ['*'] }).request('/livez', { headers: { Origin: 'https://x.example' } });
  assert.is(any.headers.get('access-control-allow-origin'), '*');
});

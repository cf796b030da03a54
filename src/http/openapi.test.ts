import Joi from 'joi';
import { Registry } from 'prom-client';
import * as assert from 'uvu/assert';
import { suite } from '../testing/suite.ts';
import { edgeApp, edgeOptions } from './edge-fixtures.ts';
import { type ProblemCode, problems } from './problems.ts';
import { problemsOf } from './route.ts';
import { catalogue } from './routes/catalogue.ts';

const test = suite('openapi');
type Json = { [name: string]: Json };

const options = edgeOptions();
const routes = catalogue(options);
const app = edgeApp();
const document = (await (await app.request('/openapi.json')).json()) as Json;
const operations = Object.entries(document['paths'] ?? {}).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => ({ path, method, operation })),
);

function resolve(ref: string): Json | undefined {
  let at: Json | undefined = document;
  for (const step of ref.slice(2).split('/')) at = at?.[step];
  return at;
}

/** Every object of the document with the way to it. */
function* objectsOf(value: unknown, way = '#'): Generator<{ way: string; object: Json }> {
  if (typeof value !== 'object' || value === null) return;
  yield { way, object: value as Json };
  for (const [key, child] of Object.entries(value)) yield* objectsOf(child, `${way}/${key}`);
}

test('every registered route is documented, and nothing else', () => {
  const registered = app.routes
    .filter(({ path }) => path !== '/*')
    .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`);
  const documented = operations.map(({ method, path }) => `${method.toUpperCase()} ${path}`);

  assert.equal(documented.sort(), registered.sort());
  assert.is(registered.length, routes.length);
});

test('the document is OpenAPI 3.1 whose references all lead somewhere', () => {
  assert.is(document['openapi'], '3.1.0');
  for (const { way, object } of objectsOf(document)) {
    const ref: unknown = object['$ref'];
    if (typeof ref === 'string') assert.ok(resolve(ref), `${way} -> ${ref}`);
  }
});

test('operations have distinct ids, declared path parameters and known security', () => {
  const ids = operations.map(({ operation }) => String(operation['operationId']));
  assert.is(new Set(ids).size, ids.length);
  for (const { path, operation } of operations) {
    const inPath = (operation['parameters'] as unknown as Json[]).filter((one) => (one['in'] as unknown) === 'path');
    assert.equal(
      inPath.map(({ name }) => `{${String(name)}}`),
      path.match(/\{\w+\}/g) ?? [],
    );
    for (const need of operation['security'] as unknown as Json[]) {
      for (const scheme of Object.keys(need)) assert.ok(resolve(`#/components/securitySchemes/${scheme}`), scheme);
    }
  }
});

test('every problem that a route may answer is listed under its status with an example', () => {
  for (const route of routes) {
    const path = route.path.replaceAll(/:(\w+)/g, '{$1}');
    const responses = document['paths']?.[path]?.[route.method.toLowerCase()]?.['responses'] ?? {};
    const listed = Object.values(responses).flatMap((response) =>
      Object.keys(response['content']?.['application/problem+json']?.['examples'] ?? {}),
    );
    for (const code of problemsOf(route)) assert.ok(listed.includes(code), `${route.path} ${code}`);
  }
  for (const code of Object.keys(problems) as ProblemCode[]) assert.ok(resolve(`#/components/examples/${code}`), code);
});

test('bodies are described by the schemas that validate them', () => {
  const reserve = document['paths']?.['/purchase/reserve']?.['post'];
  const schema = reserve?.['requestBody']?.['content']?.['application/json']?.['schema'];

  assert.equal(schema?.['required'], ['lines', 'saleId']);
  assert.is(schema?.['additionalProperties'], false);
  assert.is(schema?.['properties']?.['lines']?.['maxItems'], 20);
  assert.ok(JSON.stringify(reserve?.['parameters']).includes('IdempotencyKey'));
  const answer = reserve?.['responses']?.['201']?.['content']?.['application/json']?.['schema'];
  assert.is(Object.keys(answer?.['required'] ?? {}).length, 7);
});

test('the examples of answers are what their schemas say', () => {
  for (const { path, successes } of routes) {
    for (const { schema, example, status } of successes) {
      if (schema) Joi.assert(example, schema, `${path} ${status}`);
    }
  }
});

test('the page and its parts come from here, and from nowhere else', async () => {
  const page = await app.request('/docs');
  const html = await page.text();

  assert.is(page.headers.get('content-type'), 'text/html; charset=utf-8');
  assert.match(page.headers.get('content-security-policy') ?? '', "default-src 'none'");
  assert.not.match(html, /https?:|\/\//);
  const parts = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, part]) => part ?? '');
  assert.is(parts.length, 4);
  const types = { css: 'text/css', js: 'text/javascript', png: 'image/png' } as Record<string, string>;
  for (const part of parts) {
    const response = await app.request(`/${part}`);
    assert.is(response.status, 200, part);
    assert.match(response.headers.get('content-type') ?? '', types[part.split('.').pop() ?? ''] ?? '');
    assert.ok((await response.arrayBuffer()).byteLength > 100);
  }
  const start = await (await app.request('/docs/start.js')).text();
  assert.match(start, 'validatorUrl: null');
  assert.not.match(start, /https?:/);
});

test('the page with a slash at its end leads to the page, also below a prefix', async () => {
  const response = await app.request('/docs/');
  const location = response.headers.get('location') ?? '';

  assert.is(response.status, 308);
  assert.is(new URL(location, 'https://shop.example/docs/').pathname, '/docs');
  assert.is(new URL(location, 'https://shop.example/api/docs/').pathname, '/api/docs');
});

test('metrics are documented only where they are served', () => {
  const without = catalogue({ ...options, metrics: { registry: new Registry(), token: null, serve: false } });

  assert.is(without.length, routes.length - 1);
});

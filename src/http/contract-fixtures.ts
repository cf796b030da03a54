import type { Hono } from 'hono';
import Joi from 'joi';
import type { Engine } from '../engine/engine.ts';
import { createApp } from './app.ts';
import { bearer, edgeOptions, jsonInit } from './edge-fixtures.ts';
import { problemsOf, type Route } from './route.ts';
import { catalogue } from './routes/catalogue.ts';

/** An answer that was found to be as its route declares. */
export type Checked = { status: number; body: Record<string, unknown>; headers: Headers };
type Ask = { as?: string; scope?: string; body?: unknown; key?: string };
/** Sends a request such as `POST /purchase/reserve` and fails when the answer is not one that the route declares. */
export type Call = (line: string, ask?: Ask) => Promise<Checked>;

/** An app over a real engine, whose every answer is checked against the catalogue. */
export function contractOf(engine: Engine): Call {
  // The deadlines are those of a loaded test machine; what they do is tested apart.
  const options = edgeOptions({ requestDeadlineMs: 10_000, confirmDeadlineMs: 10_000, adminDeadlineMs: 10_000 });
  const app = createApp(engine, options);
  const routes = catalogue(options);
  return async (line, ask = {}) => {
    const [method = '', url = ''] = line.split(' ');
    const response = await send(app, method, url, ask);
    const body = (await response.json()) as Record<string, unknown>;
    checkAnswer(routeOf(routes, method, url), response.status, body);
    return { status: response.status, body, headers: response.headers };
  };
}

async function send(app: Hono, method: string, url: string, { as, scope, body, key }: Ask): Promise<Response> {
  const headers: Record<string, string> = as === undefined ? {} : { ...bearer(as, scope) };
  if (key !== undefined) headers['Idempotency-Key'] = key;
  return app.request(url, body === undefined ? { method, headers } : jsonInit(body, headers, method));
}

function routeOf(routes: readonly Route[], method: string, url: string): Route {
  const path = url.split('?')[0] ?? '';
  const matches = (route: Route) =>
    route.method === method && new RegExp(`^${route.path.replaceAll(/:[A-Za-z]+/g, '[^/]+')}$`).test(path);
  const found = routes.find(matches);
  if (!found) throw new Error(`no route takes ${method} ${url}`);
  return found;
}

function checkAnswer(route: Route, status: number, body: Record<string, unknown>): void {
  if (status >= 400 && body['code'] !== undefined) {
    if (!problemsOf(route).some((code) => code === body['code']))
      throw new Error(`${route.path} does not declare ${JSON.stringify(body['code'])}`);
    return;
  }
  const success = route.successes.find((one) => one.status === status);
  if (!success?.schema) throw new Error(`${route.path} does not declare ${status}: ${JSON.stringify(body)}`);
  Joi.assert(body, success.schema, `${route.method} ${route.path} ${status}`);
}

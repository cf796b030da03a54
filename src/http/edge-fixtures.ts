import { createHmac } from 'node:crypto';
import type { Hono } from 'hono';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { InvariantError } from '../domain/errors.ts';
import type { Engine } from '../engine/engine.ts';
import { createApp, type HttpOptions } from './app.ts';

/** For tests of the edge alone: an engine that must not be reached, so a refusal proves that nothing was changed. */
export const unreachable = new Proxy(fail, {
  get: (_target, name) => (name === 'then' ? undefined : unreachable),
}) as unknown as Engine;

function fail(): never {
  throw new InvariantError('the engine was reached');
}

/** The secret of the access tokens in tests. */
export const secret = 'a secret of the tests, which is long enough';

/** Options with the defaults of production, and the lines that were logged. */
export function edgeOptions(overrides: Partial<HttpOptions> = {}): HttpOptions & { lines: string[] } {
  const lines: string[] = [];
  const log = pino({ level: 'debug' }, { write: (line: string) => void lines.push(line) });
  return {
    auth: { jwtSecret: secret, jwksUrl: null, issuer: null, audience: null },
    bodyBytesMax: 16_384,
    requestDeadlineMs: 1000,
    confirmDeadlineMs: 2000,
    corsOrigins: [],
    metrics: { registry: new Registry(), token: null, serve: true },
    log,
    isReady: () => ({ ready: true, reasons: [] }),
    lines,
    ...overrides,
  };
}

/** An app over the engine that must not be reached. */
export function edgeApp(overrides: Partial<HttpOptions> = {}): Hono {
  return createApp(unreachable, edgeOptions(overrides));
}

/** Unix seconds from now. */
export function inSeconds(seconds: number): number {
  return Math.floor(Date.now() / 1000) + seconds;
}

/** A compact token with exactly these parts, signed with HMAC-SHA256. */
export function signed(
  claims: unknown,
  header: unknown = { alg: 'HS256', typ: 'JWT' },
  key: string | Buffer = secret,
): string {
  const encode = (part: unknown) => Buffer.from(JSON.stringify(part)).toString('base64url');
  const input = `${encode(header)}.${encode(claims)}`;
  return `${input}.${createHmac('sha256', key).update(input).digest('base64url')}`;
}

/** The Authorization header of a buyer or an admin. */
export function bearer(sub: string, scope?: string): { Authorization: string } {
  return { Authorization: `Bearer ${signed({ sub, scope, exp: inSeconds(600) })}` };
}

/** The init of a request with a JSON body. */
export function jsonInit(body: unknown, headers: Record<string, string> = {}, method = 'POST'): RequestInit {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return { method, body: text, headers: { 'Content-Type': 'application/json', ...headers } };
}

/** A problem as tests read it. */
export type ProblemBody = {
  code: string;
  status: number;
  instance: string;
  errors?: { field: string; message: string }[];
} & Record<string, unknown>;

/** The body of an answer that must be a problem. */
export async function problemOf(response: Response): Promise<ProblemBody> {
  const type = response.headers.get('content-type');
  if (type !== 'application/problem+json') throw new Error(`not a problem but ${type}: ${await response.text()}`);
  return (await response.json()) as ProblemBody;
}

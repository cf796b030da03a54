import type { Context } from 'hono';
import type Joi from 'joi';
import { RequestError } from '../domain/errors.ts';
import type { Engine } from '../engine/engine.ts';
import { type Answer, respond, statusOf } from './answer.ts';
import type { Authenticate } from './auth/authenticate.ts';
import type { Caller } from './auth/caller.ts';
import { readBody } from './body.ts';
import { withDeadline } from './deadline.ts';
import { problemOfError, type Reporter } from './errors.ts';
import { check, checkIds, idempotencyKeyOf, queryObject, strict } from './input.ts';
import { createJudgeBody } from './judge-body.ts';
import type { Observe } from './metrics.ts';
import { requestIdOf } from './request-id.ts';
import { paramsOf, type Route, type RouteRequest } from './route.ts';

/** What every handler needs besides its route. */
export type Edge = {
  engine: Engine;
  authenticate: Authenticate;
  observe: Observe;
  report: Reporter;
  bodyBytesMax: number;
  deadlines: { requestMs: number; confirmMs: number; adminMs: number };
};

/**
 * Turns a route into its Hono handler: who asks, what they ask, one engine call within the deadline, one Response.
 * It is a single function rather than a chain of middleware, because Hono calls a lone handler without composing.
 */
export function handlerOf(route: Route, edge: Edge): (c: Context) => Promise<Response> {
  const read = readerOf(route, edge);
  const observe = edge.observe(route.method, route.path);
  const deadlineMs = deadlineOf(route, edge);

  return async (c) => {
    const startedMs = performance.now();
    const requestId = requestIdOf(c.req.header('x-request-id'));
    const occasion = { requestId, method: route.method, route: route.path };
    const onLate = (error: unknown) => edge.report(error, occasion);
    let answer: Answer;
    try {
      const authorization = c.req.header('authorization');
      const identified = route.scope === 'public' ? null : edge.authenticate(authorization);
      const caller = identified instanceof Promise ? await withDeadline(identified, deadlineMs, onLate) : identified;
      if (route.scope === 'admin' && !caller?.isAdmin)
        throw new RequestError('forbidden', 'This needs the scope admin.');
      const request = await read(c, { caller, requestId, authorization });
      answer = await withDeadline(route.handle(edge.engine, request), deadlineMs, onLate);
    } catch (error) {
      edge.report(error, occasion);
      answer = withChallenge(problemOfError(error), c);
    }
    observe(statusOf(answer), performance.now() - startedMs);
    return respond(answer, requestId);
  };
}

function deadlineOf(route: Route, { deadlines }: Edge): number {
  if (route.deadline === 'confirm') return deadlines.confirmMs;
  return route.scope === 'admin' ? deadlines.adminMs : deadlines.requestMs;
}

type Known = { caller: Caller | null; requestId: string; authorization: string | undefined };

/** Prepares once what reading the requests of a route takes. */
function readerOf(route: Route, edge: Edge): (c: Context, known: Known) => Promise<RouteRequest> {
  const names = paramsOf(route.path);
  const query = route.query && strict(route.query);
  const judgeBody = route.body && createJudgeBody(route, strict(route.body));
  const numbers = new Set(query ? numbersOf(query.describe()) : []);

  return async (c, known) => {
    const params: Record<string, string> = {};
    for (const name of names) params[name] = c.req.param(name) ?? '';
    checkIds(params);
    // Named one by one: an object that is spread first has no shape that is known beforehand, and each further field is slow.
    return {
      caller: known.caller,
      requestId: known.requestId,
      authorization: known.authorization,
      params,
      query: query && check(query, queryObject(c.req.queries(), numbers)),
      idempotencyKey: route.idempotent ? idempotencyKeyOf(c.req.header('idempotency-key')) : undefined,
      body: judgeBody?.(await readBody(c.req, edge.bodyBytesMax)),
    };
  };
}

/** The names in a query string that stand for numbers; a query string itself has only text. */
function numbersOf({ keys }: Joi.Description): string[] {
  const fields = Object.entries((keys ?? {}) as Record<string, Joi.Description>);
  return fields.flatMap(([name, { type }]) => (type === 'number' ? [name] : []));
}

/** RFC 6750: a 401 says which scheme is wanted, and whether a token came that was no good. */
function withChallenge(answer: ReturnType<typeof problemOfError>, c: Context): Answer {
  const given = c.req.header('authorization') !== undefined;
  if (answer.problem === 'unauthorized') {
    return { ...answer, headers: { 'WWW-Authenticate': given ? 'Bearer error="invalid_token"' : 'Bearer' } };
  }
  if (answer.problem === 'forbidden') {
    const challenge = 'Bearer error="insufficient_scope", scope="admin"';
    return { ...answer, headers: { 'WWW-Authenticate': challenge } };
  }
  return answer;
}

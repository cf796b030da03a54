import { Hono, type MiddlewareHandler } from 'hono';
import { cors } from 'hono/cors';
import type { Logger } from 'pino';
import type { Engine } from '../engine/engine.ts';
import { respond } from './answer.ts';
import { type AuthOptions, createAuthenticate } from './auth/authenticate.ts';
import { createReporter, problemOfError } from './errors.ts';
import { type Edge, handlerOf } from './handle.ts';
import { createObserve } from './metrics.ts';
import { notFoundHandler } from './not-found.ts';
import { requestIdOf } from './request-id.ts';
import { catalogue } from './routes/catalogue.ts';
import type { IsReady, MetricsOptions } from './routes/operations.ts';

/** What the edge needs to know; deadlines in milliseconds, bodies in bytes. */
export type HttpOptions = {
  auth: AuthOptions;
  bodyBytesMax: number;
  requestDeadlineMs: number;
  confirmDeadlineMs: number;
  /** Admin calls may lock a sale and read it whole; 5 s when absent. */
  adminDeadlineMs?: number;
  /** Origins that browsers may call from; `*` for any; none switches CORS off. */
  corsOrigins: string[];
  metrics: MetricsOptions;
  log: Logger;
  isReady: IsReady;
};

const ADMIN_DEADLINE_MS = 5000;

/** The HTTP edge over an engine. It keeps no state but caches, so any number of processes may serve at once. */
export function createApp(engine: Engine, options: HttpOptions): Hono {
  const app = new Hono();
  const routes = catalogue(options);
  const edge: Edge = {
    engine,
    authenticate: createAuthenticate(options.auth),
    observe: createObserve(options.metrics.registry),
    report: createReporter(options.log),
    bodyBytesMax: options.bodyBytesMax,
    deadlines: {
      requestMs: options.requestDeadlineMs,
      confirmMs: options.confirmDeadlineMs,
      adminMs: options.adminDeadlineMs ?? ADMIN_DEADLINE_MS,
    },
  };

  if (options.corsOrigins.length > 0) app.use('*', corsOf(options.corsOrigins));
  for (const route of routes) app.on(route.method, route.path, handlerOf(route, edge));
  app.notFound(notFoundHandler(routes, edge.observe));
  app.onError((error, c) => {
    const requestId = requestIdOf(c.req.header('x-request-id'));
    edge.report(error, { requestId, method: c.req.method, route: 'none' });
    return respond(problemOfError(error), requestId);
  });
  return app;
}

/** CORS, and the request id on preflights too, which are answered before any handler of ours. */
function corsOf(origins: string[]): MiddlewareHandler {
  const handle = cors({
    origin: origins.includes('*') ? '*' : origins,
    allowMethods: ['GET', 'HEAD', 'POST', 'PATCH'],
    allowHeaders: ['Authorization', 'Content-Type', 'Idempotency-Key', 'X-Request-Id'],
    exposeHeaders: ['X-Request-Id', 'Idempotent-Replayed', 'Retry-After', 'RateLimit'],
    maxAge: 600,
  });
  return async (c, next) => {
    if (c.req.method === 'OPTIONS') c.header('X-Request-Id', requestIdOf(c.req.header('x-request-id')));
    return handle(c, next);
  };
}

import { createHash, timingSafeEqual } from 'node:crypto';
import Joi from 'joi';
import type { Registry } from 'prom-client';
import type { Health } from '../../domain/audit.ts';
import { RequestError } from '../../domain/errors.ts';
import type { Engine } from '../../engine/engine.ts';
import { type Route, route } from '../route.ts';
import { degradedExample, healthExample, healthSchema } from '../views/audit.ts';
import { exactly } from '../views/shared.ts';

/** Whether this process wants traffic, apart from its stores: false while starting and while draining. */
export type IsReady = () => { ready: boolean; reasons: string[] };
/** Where the metrics are; `serve` is false when they have a port of their own. */
export type MetricsOptions = { registry: Registry; token: string | null; serve: boolean };

const tag = 'operations';

/** The routes by which the service is watched. They are open, so however many ask at once, the stores are asked once. */
export function operationRoutes(options: { isReady: IsReady; metrics: MetricsOptions }): Route[] {
  const health = shared();
  const routes = [livez(), healthRoute(health), readyz(health, options.isReady)];
  return options.metrics.serve ? [...routes, metricsRoute(options.metrics)] : routes;
}

function livez(): Route {
  return route({
    method: 'GET',
    path: '/livez',
    scope: 'public',
    tag,
    summary: 'Whether the process runs; tests no dependency',
    successes: [
      {
        status: 200,
        description: 'It runs.',
        schema: exactly({ status: Joi.string().valid('ok') }),
        example: { status: 'ok' },
      },
    ],
    problems: [],
    async handle() {
      return { status: 200, json: { status: 'ok' } };
    },
  });
}

function healthRoute(health: Ask): Route {
  return route({
    method: 'GET',
    path: '/health',
    scope: 'public',
    tag,
    summary: 'How the stores are, in detail',
    successes: [
      { status: 200, description: 'Both stores answer.', schema: healthSchema, example: healthExample },
      { status: 503, description: 'A store does not answer.', schema: healthSchema, example: degradedExample },
    ],
    problems: [],
    async handle(engine) {
      const { status, redis, mysql } = await health(engine);
      return { status: status === 'ok' ? 200 : 503, json: { status, redis, mysql } };
    },
  });
}

function readyz(health: Ask, isReady: IsReady): Route {
  const schema = exactly({ ready: Joi.boolean(), reasons: Joi.array().items(Joi.string()) });
  return route({
    method: 'GET',
    path: '/readyz',
    scope: 'public',
    tag,
    summary: 'Whether this process should get traffic',
    successes: [
      { status: 200, description: 'It should.', schema, example: { ready: true, reasons: [] } },
      {
        status: 503,
        description: 'It should not, and why.',
        schema,
        example: { ready: false, reasons: ['mysql is down'] },
      },
    ],
    problems: [],
    async handle(engine) {
      const own = isReady();
      const { redis, mysql } = await health(engine);
      const reasons = [...own.reasons];
      if (redis.status === 'down') reasons.push('redis is down');
      if (mysql.status === 'down') reasons.push('mysql is down');
      const ready = own.ready && redis.status === 'up' && mysql.status === 'up';
      return { status: ready ? 200 : 503, json: { ready, reasons } };
    },
  });
}

function metricsRoute({ registry, token }: MetricsOptions): Route {
  return route({
    method: 'GET',
    path: '/metrics',
    scope: 'public',
    tag,
    summary: 'Metrics in the text format of Prometheus',
    description: 'Needs its own bearer token where one is configured.',
    successes: [{ status: 200, description: 'The metrics.', type: 'text/plain' }],
    problems: ['unauthorized'],
    async handle(_engine, { authorization }) {
      if (token !== null && !isSame(authorization ?? '', `Bearer ${token}`)) {
        throw new RequestError('unauthorized', 'The token of the metrics is needed.');
      }
      return { status: 200, content: await registry.metrics(), type: registry.contentType };
    },
  });
}

/** Hashes make both sides equally long, which the comparison in constant time asks for. */
function isSame(given: string, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}

type Ask = (engine: Engine) => Promise<Health>;

/** Those who ask while a question is under way get its answer. */
function shared(): Ask {
  let underWay: Promise<Health> | null = null;
  return (engine) => {
    underWay ??= engine.health().finally(() => {
      underWay = null;
    });
    return underWay;
  };
}

import type Joi from 'joi';
import { exampleOfProblem, type ProblemCode, problems, statusOfProblem } from './problems.ts';
import { paramsOf, problemsOf, type Route, type Success } from './route.ts';
import { idPattern } from './schemas.ts';

type Json = Record<string, unknown>;

const header = (name: string) => ({ $ref: `#/components/headers/${name}` });
const parameter = (name: string) => ({ $ref: `#/components/parameters/${name}` });

const tags: Record<string, string> = {
  sales: 'What is on sale, open to everybody.',
  purchase: 'Holding tickets, and what becomes of a hold.',
  orders: 'What was bought.',
  coupons: 'First-come coupons.',
  admin: 'Running the sales; every change is audited.',
  operations: 'Watching the service.',
  documentation: 'This document and a page to read it with.',
};

/** The OpenAPI 3.1 document of a list of routes, from the very schemas that validate. */
export function openApiDocument(routes: readonly Route[]): Json {
  const paths: Record<string, Json> = {};
  for (const route of routes) {
    const path = route.path.replaceAll(/:([A-Za-z]+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(route) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'onsale',
      version: '1',
      license: { name: 'MIT', identifier: 'MIT' },
      description:
        'Flash sales of tickets: hold, confirm, release. Money is in minor units, times are ISO 8601 in UTC. Every answer carries X-Request-Id; every error is a problem (RFC 9457) with a stable `code`.',
    },
    servers: [{ url: '/' }],
    tags: [...new Set(routes.map(({ tag }) => tag))].map((name) => ({ name, description: tags[name] ?? name })),
    paths,
    components: componentsOf(routes),
  };
}

function operationOf(route: Route): Json {
  const operation: Json = {
    operationId: operationIdOf(route),
    tags: [route.tag],
    summary: route.summary,
    parameters: parametersOf(route),
    responses: { ...successesOf(route), ...refusalsOf(route) },
    security: securityOf(route),
  };
  if (route.description !== undefined) operation['description'] = route.description;
  if (route.body) {
    const content = { 'application/json': { schema: jsonSchema(route.body) } };
    operation['requestBody'] = { required: route.bodyOptional !== true, content };
  }
  return operation;
}

/** `POST /admin/sales/:saleId/pause` becomes `postAdminSalesSaleIdPause`. */
function operationIdOf({ method, path }: Route): string {
  const words = path.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
  return method.toLowerCase() + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
}

function securityOf(route: Route): Json[] {
  if (route.path === '/metrics') return [{ metrics: [] }];
  return route.scope === 'public' ? [] : [{ [route.scope]: [] }];
}

function parametersOf(route: Route): Json[] {
  const inPath = paramsOf(route.path).map((name) => ({ name, in: 'path', required: true, schema: idSchema }));
  const schema = route.query ? jsonSchema(route.query) : {};
  const required = (schema['required'] ?? []) as string[];
  const inQuery = Object.entries((schema['properties'] ?? {}) as Record<string, Json>).map(([name, field]) => {
    return { name, in: 'query', required: required.includes(name), schema: field };
  });
  const inHeader = [parameter('RequestId'), ...(route.idempotent ? [parameter('IdempotencyKey')] : [])];
  return [...inPath, ...inQuery, ...inHeader];
}

const idSchema = { type: 'string', pattern: idPattern.source };

function successesOf(route: Route): Json {
  const replays = route.successes.some(({ status }) => status === 201) || route.path.endsWith('/release');
  const responses: Json = {};
  for (const success of route.successes) {
    const headers: Json = { 'X-Request-Id': header('RequestId') };
    if (success.status === 200 && replays) headers['Idempotent-Replayed'] = header('IdempotentReplayed');
    const content = { [success.type ?? 'application/json']: contentOf(success) };
    responses[success.status] = { description: success.description, headers, content };
  }
  return responses;
}

function contentOf({ schema, example, type }: Success): Json {
  if (schema) return { schema: jsonSchema(schema), ...(example === undefined ? {} : { example }) };
  return { schema: type === 'application/json' ? { type: 'object' } : { type: 'string' } };
}

/** Problems of one status share a response; where a success has the status too (503 of /health), its shape is added. */
function refusalsOf(route: Route): Json {
  const byStatus = new Map<number, ProblemCode[]>();
  const add = (status: number, code: ProblemCode) => byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  for (const code of problemsOf(route)) add(statusOfProblem(code), code);
  if (route.method === 'PATCH') add(422, 'invalid_request');

  const responses: Json = {};
  for (const [status, codes] of byStatus) {
    const examples = Object.fromEntries(codes.map((code) => [code, { $ref: `#/components/examples/${code}` }]));
    const problem = { schema: { $ref: '#/components/schemas/Problem' }, examples };
    const success = route.successes.find((one) => one.status === status);
    const other = success ? { 'application/json': contentOf(success) } : {};
    const headers: Json = { 'X-Request-Id': header('RequestId') };
    if (codes.some((code) => 'retries' in problems[code])) headers['Retry-After'] = header('RetryAfter');
    if (status === 401) headers['WWW-Authenticate'] = header('WwwAuthenticate');
    responses[status] = {
      description: `\`${codes.join('` or `')}\`${success ? `; or: ${success.description}` : ''}`,
      headers,
      content: { 'application/problem+json': problem, ...other },
    };
  }
  return responses;
}

function componentsOf(routes: readonly Route[]): Json {
  const codes = Object.keys(problems) as ProblemCode[];
  const examples = codes.map((code) => [code, { summary: problems[code].title, value: exampleOfProblem(code) }]);
  const text = { type: 'string' };
  const bearer = { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' };
  const securitySchemes = {
    buyer: { ...bearer, description: 'An access token; its `sub` is the buyer.' },
    admin: { ...bearer, description: 'An access token with `admin` as an exact member of its `scope`.' },
  };
  const hasMetrics = routes.some(({ path }) => path === '/metrics');
  const metrics = { type: 'http', scheme: 'bearer', description: 'The token of the metrics, where one is configured.' };
  return {
    securitySchemes: hasMetrics ? { ...securitySchemes, metrics } : securitySchemes,
    schemas: { Problem: problemSchema(codes) },
    examples: Object.fromEntries(examples),
    headers: {
      RequestId: { description: 'The id of this request, also in the log.', schema: idSchema },
      RetryAfter: { description: 'Whole seconds to wait.', schema: { type: 'integer', minimum: 1 } },
      IdempotentReplayed: { description: '`true`: an earlier call did it.', schema: { const: 'true' } },
      WwwAuthenticate: { description: 'RFC 6750.', schema: text },
    },
    parameters: {
      RequestId: {
        name: 'X-Request-Id',
        in: 'header',
        description: 'Your own id of this request; one is made when it is absent or has other characters.',
        schema: idSchema,
      },
      IdempotencyKey: {
        name: 'Idempotency-Key',
        in: 'header',
        description: 'The same key with the same request answers as the first did; with another request, 422.',
        schema: { type: 'string', pattern: '^[\\x21-\\x7e]{1,255}$' },
      },
    },
  };
}

function problemSchema(codes: ProblemCode[]): Json {
  const text = { type: 'string' };
  return {
    type: 'object',
    description: 'RFC 9457. Some codes add members, as their examples show.',
    required: ['type', 'title', 'status', 'detail', 'code', 'instance'],
    additionalProperties: true,
    properties: {
      type: { type: 'string', format: 'uri' },
      title: text,
      status: { type: 'integer' },
      detail: text,
      code: { type: 'string', enum: codes },
      instance: { type: 'string', description: 'The id of the request.' },
    },
  };
}

/** JSON Schema of a Joi schema, by Joi's own Standard Schema export. */
function jsonSchema(schema: Joi.Schema): Json {
  return schema['~standard'].jsonSchema.input({ target: 'draft-2020-12' });
}

import { Ajv2020 } from 'ajv/dist/2020.js';
import type { Reply } from './reply.ts';

/** A JSON Schema as far as it is read here; ajv reads the rest. */
export type Schema = {
  type?: string | string[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  enum?: unknown[];
  pattern?: string;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  minProperties?: number;
};

export type Parameter = { name: string; schema: Schema; accepts(value: unknown): boolean };

/** One operation of the OpenAPI document. */
export type Operation = {
  id: string;
  method: string;
  path: string;
  scope: 'public' | 'buyer' | 'admin';
  params: Parameter[];
  query: Parameter[];
  takesKey: boolean;
  body: { required: boolean; schema: Schema; accepts(value: unknown): boolean } | null;
  /** What is wrong with an answer by the document, or null. */
  faultOf(reply: Reply): string | null;
};

export type Document = {
  operations: Operation[];
  /** What is wrong with a problem that belongs to no operation, or null. */
  faultOfProblem(reply: Reply): string | null;
};

type Media = { schema: object; examples?: Record<string, unknown> };
type RawParameter = { $ref?: string; name: string; in: string; schema: Schema };
type RawOperation = {
  operationId: string;
  security: Record<string, unknown>[];
  parameters: RawParameter[];
  requestBody?: { required: boolean; content: Record<string, { schema: Schema }> };
  responses: Record<string, { content: Record<string, Media> }>;
};
export type RawDocument = { paths: Record<string, Record<string, RawOperation>>; components: object };

/** Reads an OpenAPI document and compiles its schemas. Whatever it says is taken at its word: it is the contract. */
export function readDocument(raw: RawDocument): Document {
  const ajv = new Ajv2020({
    strict: false,
    // Custom patterns are written for the `u` flag, which is also ajv's.
    unicodeRegExp: true,
    formats: { uri: (text: string) => URL.canParse(text) },
  });
  ajv.addSchema({ $id: 'document', components: raw.components });
  const compile = (schema: object) => {
    const judge = ajv.compile(resolved(schema));
    return { accepts: (value: unknown): boolean => judge(value), told: () => ajv.errorsText(judge.errors) };
  };
  const problem = compile({ $ref: '#/components/schemas/Problem' });
  const faultOfProblem = (reply: Reply) => problemFault(reply, problem);
  const operations = Object.entries(raw.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) =>
      readOperation({ path, method: method.toUpperCase(), operation, compile, faultOfProblem }),
    ),
  );
  return { operations, faultOfProblem };
}

type Judge = { accepts(value: unknown): boolean; told(): string };
type Compile = (schema: object) => Judge;

/** ajv resolves references against the document's own id. */
function resolved(schema: object): object {
  return JSON.parse(JSON.stringify(schema).replaceAll('"#/components/', '"document#/components/')) as object;
}

function readOperation(input: {
  path: string;
  method: string;
  operation: RawOperation;
  compile: Compile;
  faultOfProblem: (reply: Reply) => string | null;
}): Operation {
  const { path, method, operation, compile, faultOfProblem } = input;
  const place = (where: string) =>
    operation.parameters
      .filter((one) => one.in === where)
      .map(({ name, schema }) => ({ name, schema, accepts: compile(schema).accepts }));
  const schema = operation.requestBody?.content['application/json']?.schema;
  const scope = operation.security.flatMap((one) => Object.keys(one))[0];
  const answers = Object.entries(operation.responses).map(
    ([status, { content }]) =>
      [
        Number(status),
        new Map(Object.entries(content).map(([type, media]) => [type, { ...media, ...compile(media.schema) }])),
      ] as const,
  );
  return {
    id: operation.operationId,
    method,
    path,
    scope: scope === 'buyer' || scope === 'admin' ? scope : 'public',
    params: place('path'),
    query: place('query'),
    takesKey: operation.parameters.some(({ $ref }) => $ref?.endsWith('/IdempotencyKey')),
    body: schema
      ? { required: operation.requestBody?.required ?? false, schema, accepts: compile(schema).accepts }
      : null,
    faultOf: (reply) => answerFault(reply, new Map(answers), faultOfProblem),
  };
}

type Answers = ReadonlyMap<number, ReadonlyMap<string, Media & Judge>>;

function answerFault(reply: Reply, answers: Answers, faultOfProblem: (reply: Reply) => string | null): string | null {
  const type = typeOf(reply);
  const media = answers.get(reply.status)?.get(type);
  if (!media) return `the document has no ${reply.status} of type ${type}`;
  if (type === 'application/problem+json') {
    const code = codeOf(reply) ?? '';
    if (!Object.hasOwn(media.examples ?? {}, code)) return `the document has no ${reply.status} ${code} here`;
    return faultOfProblem(reply);
  }
  if (!requestIdPattern.test(reply.headers.get('x-request-id') ?? '')) return 'there is no X-Request-Id';
  if (type !== 'application/json') return null;
  return media.accepts(JSON.parse(reply.body)) ? null : `the answer is not as documented: ${media.told()}`;
}

const requestIdPattern = /^[A-Za-z0-9_-]{1,64}$/;

function problemFault(reply: Reply, problem: Judge): string | null {
  const requestId = reply.headers.get('x-request-id') ?? '';
  if (!requestIdPattern.test(requestId)) return 'there is no X-Request-Id';
  if (typeOf(reply) !== 'application/problem+json') return `it is no problem but ${typeOf(reply)}`;
  const body = parsed(reply.body);
  if (!problem.accepts(body)) return `the problem is not as documented: ${problem.told()}`;
  if (body?.['status'] !== reply.status) return `the problem says ${String(body?.['status'])}`;
  return body['instance'] === requestId ? null : 'the problem names another request';
}

/** The media type of an answer without its parameters. */
function typeOf(reply: Reply): string {
  return reply.headers.get('content-type')?.split(';')[0] ?? 'none';
}

/** The code of a problem, or null when the answer is none. */
export function codeOf(reply: Reply): string | null {
  const code = typeOf(reply) === 'application/problem+json' ? parsed(reply.body)?.['code'] : null;
  return typeof code === 'string' ? code : null;
}

function parsed(text: string): Record<string, unknown> | null {
  try {
    return JSON.parse(text) as Record<string, unknown> | null;
  } catch {
    // Not JSON is a fault that the schema then names.
    return null;
  }
}

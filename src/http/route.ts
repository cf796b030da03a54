import type Joi from 'joi';
import type { Engine } from '../engine/engine.ts';
import type { Answer } from './answer.ts';
import type { Caller } from './auth/caller.ts';
import type { ProblemCode } from './problems.ts';

/** Who may call: everybody, any caller with a valid token, or one whose scope has `admin`. */
export type Scope = 'public' | 'buyer' | 'admin';
export type Method = 'GET' | 'POST' | 'PATCH';

/** One answer that is no problem, as the document shows it and as tests check it. */
export type Success = {
  status: number;
  description: string;
  schema?: Joi.Schema;
  example?: unknown;
  type?: string;
};

/** A route as data: what registers it, what guards it and what documents it are all read from here. */
export type Route = {
  method: Method;
  path: string;
  scope: Scope;
  tag: string;
  summary: string;
  description?: string;
  query?: Joi.ObjectSchema;
  body?: Joi.ObjectSchema;
  /** Many callers send the very same text, so what was judged once is kept and not judged again. */
  bodyRepeats?: boolean;
  /** No body at all is as good as an empty object. */
  bodyOptional?: boolean;
  /** Takes the Idempotency-Key header. */
  idempotent?: boolean;
  deadline?: 'confirm';
  successes: readonly Success[];
  /** The refusals of its own; those of every route of its kind are added by `problemsOf`. */
  problems: readonly ProblemCode[];
  handle(engine: Engine, request: RouteRequest): Promise<Answer>;
};

/** What a handler gets, all of it checked. */
export type RouteRequest = {
  params: Record<string, string>;
  query: unknown;
  body: unknown;
  caller: Caller | null;
  requestId: string;
  idempotencyKey: string | undefined;
  authorization: string | undefined;
};

type ParamsOf<Path extends string> = Path extends `${string}:${infer Name}/${infer Rest}`
  ? Record<Name, string> & ParamsOf<`/${Rest}`>
  : Path extends `${string}:${infer Name}`
    ? Record<Name, string>
    : unknown;

type TypedRequest<S extends Scope, Path extends string, Query, Body> = Omit<
  RouteRequest,
  'params' | 'query' | 'body' | 'caller'
> & {
  params: ParamsOf<Path>;
  query: Query;
  body: Body;
  caller: S extends 'public' ? null : Caller;
};

type TypedRoute<S extends Scope, Path extends string, Query, Body, Codes extends readonly ProblemCode[]> = Omit<
  Route,
  'scope' | 'path' | 'query' | 'body' | 'problems' | 'handle'
> & {
  scope: S;
  path: Path;
  query?: Joi.ObjectSchema<Query>;
  body?: Joi.ObjectSchema<Body>;
  problems: Codes;
  handle(engine: Engine, request: TypedRequest<S, Path, Query, Body>): Promise<Answer<NoInfer<Codes[number]>>>;
};

/**
 * States one route. The types follow from the path, the schemas and the list of problems, so a handler that answers a
 * problem which its route does not declare, and the document therefore does not show, does not compile.
 */
export function route<S extends Scope, Path extends string, Query, Body, const Codes extends readonly ProblemCode[]>(
  typed: TypedRoute<S, Path, Query, Body, Codes>,
): Route {
  // Handlers are called only with what their own schemas let through; this is the one place that relies on it.
  return typed as unknown as Route;
}

/** The names of the ids in a path. */
export function paramsOf(path: string): string[] {
  return path.split('/').flatMap((part) => (part.startsWith(':') ? [part.slice(1)] : []));
}

/** Every problem that a route may answer: its own, and those that come with its kind. */
export function problemsOf(route: Route): ProblemCode[] {
  const codes = new Set<ProblemCode>(route.problems);
  if (route.scope !== 'public') codes.add('unauthorized');
  if (route.scope === 'admin') codes.add('forbidden');
  if (route.body || route.query || route.idempotent || route.path.includes(':')) codes.add('invalid_request');
  if (route.body) codes.add('invalid_json').add('unsupported_media_type').add('payload_too_large');
  if (route.idempotent) codes.add('idempotency_mismatch');
  return [...codes.add('internal_error').add('unavailable')];
}

import type Joi from 'joi';
import { LRUCache } from 'lru-cache';
import { check, parseJson } from './input.ts';
import type { Route } from './route.ts';

const KEPT_MAX = 1000;
const KEPT_LENGTH_MAX = 1024;

/** Turns the text of a body into what the schema lets through; throws RequestError. */
export type JudgeBody = (text: string) => unknown;

/**
 * Makes the judge of a route's bodies. Where bodies repeat, good ones are remembered by their exact text, frozen because
 * later requests share them: parsing and validating is otherwise the dearest part of a refusal.
 */
export function createJudgeBody(route: Route, schema: Joi.ObjectSchema): JudgeBody {
  const judge: JudgeBody = (text) => check(schema, text === '' && route.bodyOptional ? {} : parseJson(text));
  if (!route.bodyRepeats) return judge;

  const good = new LRUCache<string, object>({ max: KEPT_MAX });
  return (text) => {
    const kept = good.get(text);
    if (kept !== undefined) return kept;
    const body = judge(text) as object;
    if (text.length <= KEPT_LENGTH_MAX) good.set(text, frozen(body));
    return body;
  };
}

function frozen<T extends object>(value: T): T {
  for (const child of Object.values(value)) if (typeof child === 'object' && child !== null) frozen(child);
  return Object.freeze(value);
}

import type Joi from 'joi';
import { RequestError } from '../domain/errors.ts';
import { idPattern } from './schemas.ts';

type FieldError = { field: string; message: string };

/** More values than any body of the contract has; the time spent on telling what is wrong stays bounded. */
const VALUES_MAX = 500;
const ERRORS_MAX = 20;
const FIELD_LENGTH_MAX = 100;
const WALK_FROM_LENGTH = 1024;
const idempotencyKeyPattern = /^[\x21-\x7e]{1,255}$/;
const wholeNumberPattern = /^(0|[1-9][0-9]{0,8})$/;
/** A key may also be spelt with escapes, hence the backslash. */
const suspicious = /__proto__|constructor|prototype|\\/;
const forbiddenKeys = new Set(['__proto__', 'constructor', 'prototype']);

/** Fixes how strictly a schema judges: nothing is converted, every failing field is named, labels stay as they are. */
export function strict<T>(schema: Joi.ObjectSchema<T>): Joi.ObjectSchema<T> {
  return schema.required().prefs({ convert: false, abortEarly: false, errors: { wrap: { label: false } } });
}

/** Throws RequestError `invalid_request` with every field that is not as the schema wants it. */
export function check<T>(schema: Joi.ObjectSchema<T>, value: unknown): T {
  const result = schema.validate(value);
  if (result.error === undefined) return result.value;
  throw invalid(
    result.error.details.slice(0, ERRORS_MAX).map(({ path, message, context }) => {
      const label = String(context?.label ?? '');
      const said = label !== '' && message.startsWith(`${label} `) ? message.slice(label.length + 1) : message;
      return { field: fieldOf(path), message: said.slice(0, 200) };
    }),
  );
}

/** The error for fields that are wrong. */
export function invalid(errors: FieldError[]): RequestError {
  return new RequestError('invalid_request', 'Some fields are not as they must be.', { errors });
}

/** Parses a body and refuses keys that would reach a prototype: Joi drops an own `__proto__` without a word. */
export function parseJson(body: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    throw new RequestError('invalid_json', 'The body is not JSON.');
  }
  if (body.length > WALK_FROM_LENGTH || suspicious.test(body)) refuseDangers(value);
  return value;
}

/** Walks without recursion, so that no nesting is too deep for the stack. */
function refuseDangers(root: unknown): void {
  const left: unknown[] = [root];
  let values = 0;
  while (left.length > 0) {
    const value = left.pop();
    values += 1;
    if (values + left.length > VALUES_MAX)
      throw invalid([{ field: '', message: `has more than ${VALUES_MAX} values` }]);
    if (typeof value !== 'object' || value === null) continue;
    for (const [key, child] of Object.entries(value)) {
      if (forbiddenKeys.has(key)) throw invalid([{ field: key, message: 'is not allowed' }]);
      left.push(child);
      if (left.length > VALUES_MAX) break;
    }
  }
}

/** Ids of a path; what does not match the pattern cannot exist, and is told as a bad request. */
export function checkIds(params: Record<string, string>): void {
  for (const field in params) {
    if (!idPattern.test(params[field] ?? '')) {
      throw invalid([{ field, message: 'must be letters, digits, "_" and "-", at most 64' }]);
    }
  }
}

/** A query string as an object; a repeated name stays an array and fails, a whole number where one is due becomes one. */
export function queryObject(queries: Record<string, string[]>, numbers: ReadonlySet<string>): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  for (const [name, values] of Object.entries(queries)) {
    if (forbiddenKeys.has(name)) throw invalid([{ field: name, message: 'is not allowed' }]);
    const value = values.length === 1 ? values[0] : values;
    const whole = numbers.has(name) && typeof value === 'string' && wholeNumberPattern.test(value);
    object[name] = whole ? Number(value) : value;
  }
  return object;
}

/** The Idempotency-Key of a request, checked, where there is one. */
export function idempotencyKeyOf(header: string | undefined): string | undefined {
  if (header === undefined || idempotencyKeyPattern.test(header)) return header;
  throw invalid([{ field: 'Idempotency-Key', message: 'must be 1 to 255 visible ASCII characters' }]);
}

/** `lines[0].quantity`, cut where a caller's own key is long. */
function fieldOf(path: (string | number)[]): string {
  let field = '';
  for (const step of path) field += typeof step === 'number' ? `[${step}]` : field === '' ? step : `.${step}`;
  return field.slice(0, FIELD_LENGTH_MAX);
}

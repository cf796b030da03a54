import * as assert from 'uvu/assert';
import { bearer, edgeApp, jsonInit, problemOf } from './edge-fixtures.ts';

/** The engine behind this app must not be reached: whatever gets through would answer 500. */
export const app = edgeApp();
export const admin = bearer('ops', 'admin');
export const buyer = bearer('alice');

/** What a request is refused with; fails when it is not refused by a problem. */
export async function refusal(path: string, body: unknown, headers: Record<string, string>, method = 'POST') {
  const response = await app.request(path, jsonInit(body, headers, method));
  const problem = await problemOf(response);
  assert.is(problem.status, response.status);
  return { status: response.status, code: problem.code, fields: (problem.errors ?? []).map(({ field }) => field) };
}

/** Each field with every value that it must refuse; a good body with that one value must name that one field. */
export async function refusesEach(path: string, good: object, table: Record<string, unknown[]>, method = 'POST') {
  for (const [field, values] of Object.entries(table)) {
    for (const value of values) {
      const body = set(good, field, value);
      const { status, code, fields } = await refusal(path, body, { ...buyer, ...admin }, method);
      const what = `${path} ${field} = ${JSON.stringify(value)}`;
      assert.is(status, 400, what);
      assert.is(code, 'invalid_request', what);
      assert.ok(
        fields.some((one) => one === field || one.startsWith(field)),
        `${what}: ${fields.join()}`,
      );
    }
  }
}

/** A copy with one field set, by a path such as `lines[0].quantity`; undefined takes it away. */
function set(good: object, path: string, value: unknown): unknown {
  const copy = structuredClone(good) as Record<string, never>;
  const steps = path.split(/[.[\]]+/).filter((step) => step !== '');
  const last = steps.pop() ?? '';
  let at: Record<string, never> = copy;
  for (const step of steps) at = at[step] as unknown as Record<string, never>;
  at[last] = value as never;
  return copy;
}

/** Values that are no text, or none at all. */
export const notText = [undefined, null, 1, true, [], {}, ['a'], ''];
/** Values that are no id. */
export const badIds = [
  ...notText,
  'a b',
  'a/b',
  'é',
  '../x',
  'a\n',
  'x'.repeat(65),
  "'; DROP TABLE sales; --",
  '{a}:*',
];
/** The same for an id that may be absent. */
export const optionalBadIds = badIds.filter((value) => value !== undefined);
/** Values that are no whole number. */
export const notWhole = [null, '1', 1.5, true, [], {}, [1], 1e308, -1e308, Number.MAX_SAFE_INTEGER + 1];
/** Values that are no time. */
export const notTime = [
  null,
  0,
  1767225600000,
  '',
  'tomorrow',
  '2030-06-01',
  '2030-06-01T10:00:00',
  '2030-06-01 10:00:00Z',
  '2030-06-01T10:00:00+02:00',
  '2030-06-01T10:00Z',
  '2030-06-01T10:00:00.1234567Z',
  '2030-06-01T10:00:00,123Z',
  '2030-02-30T10:00:00Z',
  '2029-02-29T10:00:00Z',
  '2030-13-01T10:00:00Z',
  '2030-06-01T24:00:00Z',
  '2030-06-01T10:60:00Z',
  '2030-06-01T10:00:60Z',
  '1969-12-31T23:59:59Z',
  '+012030-06-01T10:00:00Z',
];
/** Values that are no human text. */
export const badText = [null, 1, '', '   ', ' a', 'a ', 'a\u0000b', 'a\nb', '\ud800', [], {}];

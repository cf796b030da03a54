import fc from 'fast-check';
import type { Mutation } from './bad.ts';
import type { Operation } from './document.ts';
import { callOf, type Draft, targetOf } from './draft.ts';
import { hostileText } from './hostile.ts';

const refused = ['invalid_request'];
const nowhere = ['not_found', 'invalid_request', 'method_not_allowed'];

const withTarget = (draft: Draft, target: string) => ({ ...callOf(draft), target });

/** What a query string can carry: the rest of it is another parameter, or is repaired by any parser of URLs. */
const encodable = (text: string) => !/\p{Cs}/u.test(text);

const strangeQueries = [
  '__proto__=1',
  'constructor=1',
  'limit[]=1',
  'limit[$gt]=1',
  'x',
  '%00=1',
  'a%0d%0ab=1',
  'LIMIT=1',
];
const wrongMethods = [
  'PUT',
  'DELETE',
  'OPTIONS',
  'TRACE',
  'PROPFIND',
  'SEARCH',
  'PURGE',
  'M-SEARCH',
  'LINK',
  'PATCH',
  'POST',
  'GET',
];

const pathTricks: ((path: string) => string)[] = [
  (path) => `/${path}`,
  (path) =>
    `/${path.slice(1).replace(/^./, (first) => (first === first.toUpperCase() ? first.toLowerCase() : first.toUpperCase()))}`,
  (path) => `${path}%00`,
  (path) => `${path};x=1`,
  (path) => `${path}/%2e%2e%2f`,
  (path) => `${path}//`,
  (path) => path.replace(/.\//, '$&/'),
  (path) => `/%2f${path.slice(1)}`,
  (path) => `${path}\\`,
  (path) => `${path}.json`,
  (path) => `/v1${path}`,
  (path) => `${path}/${'a'.repeat(4000)}`,
  (path) => `${path}${'%25'.repeat(100)}`,
  (path) => `${path}\u00ff`,
];

/** Paths and query strings that name nothing, or nothing that could be. */
export const targetMutations: readonly Mutation[] = [
  {
    name: 'path: an id that no id can be',
    weight: 5,
    applies: ({ params }) => params.length > 0,
    spoil: (draft) =>
      fc
        .tuple(fc.constantFrom(...draft.operation.params), hostileText)
        .filter(([{ accepts }, text]) => text !== '' && encodable(text) && !accepts(text))
        .map(([{ name }, text]) => ({
          call: callOf({ ...draft, params: { ...draft.params, [name]: text } }),
          expected: nowhere,
        })),
  },
  {
    name: 'path: written otherwise',
    weight: 3,
    applies: () => true,
    spoil: (draft) =>
      fc.constantFrom(...tricksOn(targetOf(draft).split('?')[0] ?? '')).map((target) => {
        const query = targetOf(draft).split('?')[1];
        return { call: withTarget(draft, query === undefined ? target : `${target}?${query}`), expected: nowhere };
      }),
  },
  {
    name: 'method: one that the path does not take',
    weight: 3,
    applies: () => true,
    spoil: (draft, { operations }) =>
      fc
        .tuple(fc.constantFrom(...wrongMethods), fc.boolean())
        .filter(([method]) => !methodsAt(draft.operation.path, operations).includes(method))
        .map(([method, overrides]) => {
          const call = callOf(draft);
          const headers = [...call.headers, ['X-HTTP-Method-Override', draft.operation.method] as const];
          return { call: { ...call, method, ...(overrides ? { headers } : {}) }, expected: ['method_not_allowed'] };
        }),
  },
  {
    name: 'query: a value that the parameter cannot have',
    weight: 4,
    applies: ({ query }) => query.length > 0,
    spoil: (draft) =>
      fc
        .tuple(fc.constantFrom(...draft.operation.query), hostileText)
        .filter(([{ schema, accepts }, text]) => {
          const value = schema.type === 'integer' ? wholeNumber(text) : text;
          return encodable(text) && !accepts(value);
        })
        .map(([{ name }, text]) => ({ call: withPairs(draft, [[name, text]]), expected: refused })),
  },
  {
    name: 'query: a parameter that is not there',
    weight: 2,
    applies: ({ query }) => query.length > 0,
    spoil: (draft) =>
      fc.constantFrom(...strangeQueries).map((more) => {
        const target = targetOf(draft);
        return { call: withTarget(draft, `${target}${target.includes('?') ? '&' : '?'}${more}`), expected: refused };
      }),
  },
  {
    name: 'query: a parameter said twice',
    weight: 1,
    applies: ({ query }) => query.length > 0,
    spoil: (draft) =>
      fc.constantFrom(...draft.operation.query).map(({ name }) => {
        const pairs = [
          [name, '1'],
          [name, '1'],
        ] as const;
        return { call: withTarget(draft, targetOf({ ...draft, query: pairs })), expected: refused };
      }),
  },
  {
    name: 'query: a cursor of our own making',
    weight: 3,
    applies: ({ query }) => query.some(({ name }) => name === 'cursor'),
    spoil: (draft, { world }) =>
      forgedCursor(world.cursors.get(draft.operation.path) ?? 'MQ').map((cursor) => ({
        call: withPairs(draft, [['cursor', cursor]]),
        expected: refused,
      })),
  },
];

/** Paths that look like this one; a trick that changes nothing is none. */
function tricksOn(path: string): string[] {
  return pathTricks.map((trick) => trick(path)).filter((target) => target !== path);
}

/** Numbers too large for any store, other parts, other spellings, and a good one with a changed end. */
function forgedCursor(good: string): fc.Arbitrary<string> {
  const encode = (text: string) => Buffer.from(text).toString('base64url');
  const forged = [
    '99999999999999999999 0',
    '18446744073709551616 0',
    '9999999999999999 id',
    '-1 0',
    '1e3 id',
    ' ',
    '0 0 0',
    "1 ' OR 1=1",
    '1 __proto__ x',
    'NaN NaN',
    '\0 \0',
  ];
  return fc
    .oneof(
      fc.constantFrom(...forged.map(encode)),
      fc.stringMatching(/^[abcXYZ019\-_.=+/]{1,60}$/),
      fc.constantFrom(`${good}=`, `${good}.`, `${good}AAAA`, good.slice(1), `${good}${good}`),
    )
    .filter((cursor) => cursor !== '' && !isPosition(cursor));
}

/** A number, alone or with an id, in the one spelling that it has: however it was made up, it says where to go on. */
function isPosition(cursor: string): boolean {
  const text = Buffer.from(cursor, 'base64url').toString('latin1');
  return /^\d{1,15}( [\w-]{1,64})?$/.test(text) && Buffer.from(text).toString('base64url') === cursor;
}

function withPairs(draft: Draft, pairs: [string, string][]) {
  const others = draft.query.filter(([name]) => !pairs.some(([changed]) => changed === name));
  return callOf({ ...draft, query: [...others, ...pairs] });
}

/** As the contract reads numbers: digits, without signs, points, exponents and needless zeros. */
function wholeNumber(text: string): unknown {
  return /^(0|[1-9]\d*)$/.test(text) ? Number(text) : text;
}

/** The methods that a path takes. */
function methodsAt(path: string, operations: readonly Operation[]): string[] {
  const methods = operations.filter((one) => one.path === path).map(({ method }) => method);
  return methods.includes('GET') ? [...methods, 'HEAD'] : methods;
}

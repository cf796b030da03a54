import fc from 'fast-check';
import type { Mutation, Spoilt } from './bad.ts';
import type { Call } from './call.ts';
import { callOf, type Draft } from './draft.ts';

const refused = ['invalid_request'];
const always: Mutation['applies'] = () => true;

const withHeaders = (draft: Draft, ...more: [string, string][]): Call => {
  const call = callOf(draft);
  return { ...call, headers: [...call.headers, ...more] };
};

/** Keys with spaces, other letters than ASCII's, nothing in them, or more than 255 characters. */
const strangeKeys = ['', 'a b', 'é', '\u00ff', 'a\tb', 'x'.repeat(256), 'x'.repeat(4000)];

/** What a header's value may not have, by RFC 9112; said to a lenient server, each is a second request in the first. */
const brokenHeads: [name: string, value: string][] = [
  ['X-Broken', 'a\0b'],
  ['X-Broken', 'a\nX-Injected: 1'],
  ['X-Broken', 'a\rb'],
  ['X-Broken ', 'space before the colon'],
  ['X Broken', 'space in the name'],
  ['X-Bröken', 'other letters in the name'],
  ['', 'no name'],
  ['Content-Length', '-1'],
  ['Content-Length', '0x10'],
  ['Content-Length', '1e1'],
  ['Content-Length', '5, 6'],
  ['Content-Length', '99999999999999999999999'],
  ['Transfer-Encoding', 'chunked, identity'],
  ['Expect', 'a-miracle'],
];

const versions = [
  'HTTP/1.1',
  'HTTP/9.9\r\nHost: x',
  'HTTX/1.1\r\nHost: x',
  'http/1.1\r\nHost: x',
  'HTTP/1.1\r\nHost: a b',
];
const methods = ['get', 'GE T', 'G\0T', 'FOO', 'GETT', 'P\u00f6ST', ''];

/** Requests that are not HTTP as it should be, and headers that are more than anybody needs. */
export const wireMutations: readonly Mutation[] = [
  {
    name: 'header: an Idempotency-Key that no key can be',
    weight: 2,
    applies: ({ takesKey }) => takesKey,
    spoil: (draft) =>
      fc.oneof(
        fc.constantFrom(...strangeKeys).map((key) => keyed(draft, [key])),
        fc.constant(keyed(draft, ['a', 'b'])),
      ),
  },
  {
    name: 'header: too much of it',
    weight: 1,
    applies: always,
    spoil: (draft) =>
      fc
        .oneof(
          fc.integer({ min: 17_000, max: 60_000 }).map((bytes): [string, string][] => [['X-Large', 'a'.repeat(bytes)]]),
          fc
            .integer({ min: 101, max: 3000 })
            .map((count) => Array.from({ length: count }, (_, i): [string, string] => [`X-Many-${i}`, 'aaaaaaaa'])),
        )
        .map((headers) => ({ call: withHeaders(draft, ...headers), expected: refused })),
  },
  {
    name: 'wire: a head that is no HTTP',
    weight: 2,
    applies: always,
    spoil: (draft) =>
      fc.constantFrom(...brokenHeads).map((header) => ({
        call: { ...withHeaders(draft, header), body: null, framing: 'own' },
        expected: refused,
      })),
  },
  {
    name: 'wire: a first line that is no HTTP',
    weight: 1,
    applies: always,
    spoil: (draft) => {
      const call: Call = { ...callOf(draft), body: null, framing: 'own' };
      return fc.oneof(
        fc.constantFrom(...versions).map((version) => ({ call: { ...call, version }, expected: refused })),
        fc.constantFrom(...methods).map((method) => ({ call: { ...call, method }, expected: refused })),
        fc
          .constantFrom('', 'no-slash', 'http://', 'http://a b/', '/a b', '/a\0b', '/a\\b')
          .map((target) => ({ call: { ...call, target }, expected: [...refused, 'not_found'] })),
      );
    },
  },
  {
    name: 'wire: a length told in two ways',
    weight: 1,
    applies: ({ body }) => body !== null,
    spoil: (draft) => {
      const call = callOf({ ...draft, body: draft.body ?? {} });
      const length = String(call.body?.length ?? 0);
      const told: [string, string][][] = [
        [
          ['Content-Length', length],
          ['Transfer-Encoding', 'chunked'],
        ],
        [
          ['Content-Length', length],
          ['Content-Length', '1'],
        ],
      ];
      return fc.constantFrom(...told).map((more): Spoilt => {
        return { call: { ...call, headers: [...call.headers, ...more], framing: 'own' }, expected: refused };
      });
    },
  },
  {
    name: 'wire: chunks that are none',
    weight: 1,
    applies: ({ body }) => body !== null,
    spoil: (draft) => {
      const call = callOf({ ...draft, body: draft.body ?? {} });
      const headers = [...call.headers, ['Transfer-Encoding', 'chunked'] as const];
      const bodies = [
        'zz\r\n{}\r\n0\r\n\r\n',
        '-1\r\n{}\r\n',
        '2;\0\r\n{}\r\n0\r\n\r\n',
        '1\r\n{}\r\n0\r\n\r\n',
        'fffffffffffffffffff\r\n{}',
      ];
      return fc.constantFrom(...bodies).map((body): Spoilt => {
        return { call: { ...call, headers, body: Buffer.from(body), framing: 'own' }, expected: refused };
      });
    },
  },
];

function keyed(draft: Draft, keys: string[]): Spoilt {
  const call = withHeaders({ ...draft, key: null }, ...keys.map((key): [string, string] => ['Idempotency-Key', key]));
  return { call, expected: refused };
}

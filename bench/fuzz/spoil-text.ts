import fc from 'fast-check';
import type { Mutation } from './bad.ts';
import { callOf, type Draft } from './draft.ts';
import { hostileText } from './hostile.ts';
import { withText } from './spoil-body.ts';

const takesBody: Mutation['applies'] = ({ body }) => body !== null;
const notJson = ['invalid_json'];

/** The default of BODY_BYTES_MAX; a padded body stays good JSON, so it is only its size that is wrong with it. */
const bodyBytesMax = 16_384;

const textOf = (draft: Draft) => JSON.stringify(draft.body ?? {});

const wrongTypes = [
  'text/plain',
  'text/json',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'application/jsonp',
  'application/merge-patch+json',
  'application/json; charset=latin1',
  'application/json; charset=utf-16',
  'application/json; charset=utf-7',
  'application/json; boundary=x',
  'application/json, text/plain',
  '*/*',
  '',
];

const brokenEnds = ['x', '{}', ',', ']', '}', '//', '/**/', '\0', 'null', '\n{"a":1}'];
const brokenTexts = [
  '{',
  '}',
  '[',
  'NaN',
  'undefined',
  "{'a':1}",
  '{a:1}',
  '{"a":1,}',
  '{"a":01}',
  '{"a":+1}',
  '{"a":.5}',
];
const moreBrokenTexts = [
  '{"a":"\n"}',
  '{"a":"\\x41"}',
  '{"a":"\\u12"}',
  '{"a":Infinity}',
  '[1,]',
  '\u00a0{}',
  '<a/>',
  'a=1',
];

/** Neither of these can begin or end a character of UTF-8; the last two are half of a pair, and a slash said too long. */
const notUtf8 = [[0xff], [0xc3, 0x28], [0x80], [0xf5, 0x80, 0x80, 0x80], [0xed, 0xa0, 0x80], [0xc0, 0xaf]];

/** Bodies that are no JSON, no UTF-8, of another type or of too many bytes. */
export const textMutations: readonly Mutation[] = [
  {
    name: 'body: cut off',
    weight: 2,
    applies: takesBody,
    spoil: (draft) =>
      fc.integer({ min: 1, max: textOf(draft).length - 1 }).map((length) => ({
        call: withText(draft, textOf(draft).slice(0, length)),
        expected: notJson,
      })),
  },
  {
    name: 'body: more after its end',
    weight: 1,
    applies: takesBody,
    spoil: (draft) =>
      fc.constantFrom(...brokenEnds).map((end) => ({ call: withText(draft, textOf(draft) + end), expected: notJson })),
  },
  {
    name: 'body: no JSON',
    weight: 2,
    applies: takesBody,
    spoil: (draft) =>
      fc
        .oneof(fc.constantFrom(...brokenTexts, ...moreBrokenTexts), hostileText)
        .filter((text) => !isJson(withoutMark(text)))
        .map((text) => ({ call: withText(draft, text), expected: notJson })),
  },
  {
    name: 'body: no UTF-8',
    weight: 2,
    applies: takesBody,
    spoil: (draft) =>
      fc.tuple(fc.constantFrom(...notUtf8), fc.nat()).map(([bytes, pick]) => {
        const text = Buffer.from(textOf(draft));
        const at = placeInText(text, pick);
        const body = Buffer.concat([text.subarray(0, at), Buffer.from(bytes), text.subarray(at)]);
        return { call: { ...withText(draft, ''), body }, expected: notJson };
      }),
  },
  {
    name: 'body: too many bytes',
    weight: 2,
    applies: takesBody,
    spoil: (draft) =>
      fc.tuple(fc.constantFrom(1, 2, 1000, 100_000), fc.boolean(), fc.boolean()).map(([excess, chunked, first]) => {
        const text = textOf(draft);
        const padding = ' '.repeat(bodyBytesMax + excess - Buffer.byteLength(text));
        const call = withText(draft, first ? padding + text : text + padding);
        return { call: { ...call, framing: chunked ? 'chunked' : 'length' }, expected: ['payload_too_large'] };
      }),
  },
  {
    name: 'body: another content type',
    weight: 2,
    applies: takesBody,
    spoil: (draft) =>
      fc.constantFrom(...wrongTypes, null).map((type) => {
        const call = callOf({ ...draft, body: draft.body ?? {} });
        const others = call.headers.filter(([name]) => name !== 'Content-Type');
        const headers = type === null ? others : [...others, ['Content-Type', type] as const];
        return { call: { ...call, headers }, expected: ['unsupported_media_type'] };
      }),
  },
];

/** Inside some string of the text, where any bytes of UTF-8 would be fine; at its beginning when it has none. */
function placeInText(text: Buffer, pick: number): number {
  const quotes = [...text.entries()].filter(([, byte]) => byte === 0x22).map(([at]) => at);
  return quotes.length === 0 ? 0 : (quotes[pick % quotes.length] as number) + (pick % 2);
}

/** A byte order mark may be left out of account (RFC 8259, 8.1), and what is then empty is no body at all. */
function withoutMark(text: string): string {
  return text.replace(/^\ufeff/, '') || '{}';
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    // That is what was asked.
    return false;
  }
}

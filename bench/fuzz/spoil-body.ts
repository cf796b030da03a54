import fc from 'fast-check';
import type { Mutation, Spoilt } from './bad.ts';
import type { Call } from './call.ts';
import { callOf, type Draft } from './draft.ts';
import { hostileJson, hostileText } from './hostile.ts';

const refused = ['invalid_request'];
const takesBody: Mutation['applies'] = ({ body }) => body !== null;
const hasFields: Mutation['applies'] = ({ body }) => Object.keys(body?.schema.properties ?? {}).length > 0;

/** The call of a draft with another text as its body. */
export function withText(draft: Draft, text: string | Buffer): Call {
  const call = callOf({ ...draft, body: draft.body ?? {} });
  return { ...call, body: Buffer.from(text as string) };
}

/** Values that the document refuses in this operation's body. That it refuses them is what makes them bad. */
function refusedBody(draft: Draft, values: fc.Arbitrary<unknown>): fc.Arbitrary<Spoilt> {
  return values
    .filter((value) => !(draft.operation.body?.accepts(value) ?? true))
    .map((value) => ({ call: withText(draft, JSON.stringify(value)), expected: refused }));
}

type Step = string | number;

/** Every place in a value, the value itself left out. */
function placesIn(value: unknown, at: readonly Step[] = []): (readonly Step[])[] {
  if (typeof value !== 'object' || value === null) return [];
  const steps = Array.isArray(value) ? [...value.keys()] : Object.keys(value);
  return steps.flatMap((step) => [[...at, step], ...placesIn((value as Record<Step, unknown>)[step], [...at, step])]);
}

/** A copy in which one place was changed; `undefined` takes it away. */
function changed(value: unknown, [step, ...rest]: readonly Step[], to: unknown): unknown {
  if (step === undefined) return to;
  const copy = (Array.isArray(value) ? [...(value as unknown[])] : { ...(value as object) }) as Record<Step, unknown>;
  copy[step] = changed(copy[step], rest, to);
  return copy;
}

function atSomePlace(draft: Draft, change: (place: readonly Step[]) => fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const places = placesIn(draft.body);
  return places.length === 0 ? fc.constant(null) : fc.constantFrom(...places).chain(change);
}

/** JSON in which one object says something more; a key such as `__proto__` would be lost in an object of ours. */
function withMember(draft: Draft, name: string, value: unknown): string {
  const text = JSON.stringify(draft.body ?? {});
  const member = `${JSON.stringify(name)}:${JSON.stringify(value)}`;
  return text === '{}' ? `{${member}}` : `{${member},${text.slice(1)}`;
}

const strangeNames = [
  '__proto__',
  'constructor',
  'prototype',
  'x',
  'isAdmin',
  'priceMinor',
  '',
  'saleID',
  'buyerId',
  '$where',
];

/** Bodies that are JSON, but not what the schema describes. */
export const bodyMutations: readonly Mutation[] = [
  {
    name: 'body: a field of another type or out of its bounds',
    weight: 12,
    applies: hasFields,
    spoil: (draft) =>
      refusedBody(
        draft,
        atSomePlace(draft, (place) => hostileJson.map((value) => changed(draft.body, place, value))),
      ),
  },
  {
    name: 'body: a field that must be there is not',
    weight: 3,
    applies: ({ body }) => (body?.schema.required?.length ?? 0) > 0,
    spoil: (draft) =>
      refusedBody(
        draft,
        atSomePlace(draft, (place) => fc.constant(changed(draft.body, place, undefined))),
      ),
  },
  {
    name: 'body: a field that nobody asked for',
    weight: 4,
    applies: takesBody,
    spoil: (draft) => {
      const names = fc.oneof(fc.constantFrom(...strangeNames), hostileText);
      return fc
        .tuple(names, hostileJson)
        .filter(([name]) => !Object.hasOwn(draft.operation.body?.schema.properties ?? {}, name))
        .map(([name, value]) => ({ call: withText(draft, withMember(draft, name, value)), expected: refused }));
    },
  },
  {
    name: 'body: a good field said again, badly',
    weight: 1,
    applies: hasFields,
    // Of two members with one name the last counts (ECMA-262), so the bad one comes last.
    spoil: (draft) => {
      const [name = ''] = Object.keys(draft.body ?? {});
      const text = JSON.stringify(draft.body).slice(0, -1);
      return fc
        .constantFrom('[]', '{}', 'true', '[[1]]')
        .map((value) => `${text},${JSON.stringify(name)}:${value}}`)
        .filter((body) => !(draft.operation.body?.accepts(JSON.parse(body)) ?? true))
        .map((body) => ({ call: withText(draft, body), expected: refused }));
    },
  },
  {
    name: 'body: no object',
    weight: 2,
    applies: takesBody,
    spoil: (draft) => refusedBody(draft, fc.oneof(hostileJson, fc.array(fc.constant(draft.body), { maxLength: 3 }))),
  },
  {
    name: 'body: nested without end',
    weight: 1,
    applies: takesBody,
    spoil: (draft) =>
      fc
        .tuple(fc.integer({ min: 100, max: 3000 }), fc.constantFrom(['[', ']'], ['{"a":', '}']))
        .map(([depth, pair]) => {
          const [open = '', close = ''] = pair;
          const nested = `${open.repeat(depth)}1${close.repeat(depth)}`;
          const text = JSON.stringify(draft.body ?? {});
          const body = text === '{}' ? `{"x":${nested}}` : `${text.slice(0, -1)},"x":${nested}}`;
          return { call: withText(draft, body), expected: [...refused, 'payload_too_large'] };
        }),
  },
];

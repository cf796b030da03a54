import fc from 'fast-check';
import type { Schema } from './document.ts';

type Named = Readonly<Record<string, fc.Arbitrary<unknown>>>;

const textMax = 40;
const itemsMax = 4;
/** The document cannot say that an end comes after its beginning; these two never overlap. */
const beginning = { min: new Date('2020-01-01T00:00:00Z'), max: new Date('2034-12-31T00:00:00Z') };
const end = { min: new Date('2035-01-01T00:00:00Z'), max: new Date('2099-12-31T00:00:00Z') };

/** Values that a schema describes. What only the world knows, such as ids, is taken from `named` by the field's name. */
export function jsonOf(schema: Schema, named: Named, name = ''): fc.Arbitrary<unknown> {
  const special = named[name] ?? times[name];
  const types = [schema.type ?? []].flat();
  const value = special ?? ofType(schema, types.find((type) => type !== 'null') ?? '', named);
  return types.includes('null') ? fc.option(value) : value;
}

const times: Named = {
  opensAt: fc.date({ ...beginning, noInvalidDate: true }).map((date) => date.toISOString()),
  closesAt: fc.date({ ...end, noInvalidDate: true }).map((date) => date.toISOString()),
};

function ofType(schema: Schema, type: string, named: Named): fc.Arbitrary<unknown> {
  if (schema.enum) return fc.constantFrom(...schema.enum);
  if (type === 'integer') return fc.integer({ min: schema.minimum ?? 0, max: Math.min(schema.maximum ?? 1000, 100) });
  if (type === 'boolean') return fc.boolean();
  if (type === 'string') return textOf(schema);
  if (type === 'array') return itemsOf(schema, named);
  if (type === 'object') return objectOf(schema, named);
  throw new Error(`no values are known for ${JSON.stringify(schema)}`);
}

function textOf(schema: Schema): fc.Arbitrary<string> {
  const pattern = new RegExp(schema.pattern ?? '', 'u');
  // A class such as \p{Cc} cannot be turned into text, so those patterns only judge.
  if (schema.pattern !== undefined && !schema.pattern.includes('\\p'))
    return fc.stringMatching(new RegExp(schema.pattern));
  return fc
    .string({
      unit: 'grapheme',
      minLength: schema.minLength ?? 0,
      maxLength: Math.min(schema.maxLength ?? textMax, textMax),
    })
    .map((text) => text.trim())
    .filter((text) => text.length >= (schema.minLength ?? 0) && pattern.test(text));
}

/** Items are told apart by the one id that the contract wants to be unique. */
function itemsOf(schema: Schema, named: Named): fc.Arbitrary<unknown[]> {
  return fc.uniqueArray(jsonOf(schema.items ?? {}, named), {
    minLength: schema.minItems ?? 0,
    maxLength: Math.min(schema.maxItems ?? itemsMax, itemsMax),
    selector: (item) => (item as Record<string, unknown>)['ticketTypeId'] ?? item,
  });
}

function objectOf(schema: Schema, named: Named): fc.Arbitrary<object> {
  const fields = Object.entries(schema.properties ?? {}).map(([name, field]) => [name, jsonOf(field, named, name)]);
  const arbitraries = Object.fromEntries(fields) as Record<string, fc.Arbitrary<unknown>>;
  // A discount's `value` is bounded to 100 above, which a percentage needs.
  return fc
    .record(arbitraries, { requiredKeys: schema.required ?? [], noNullPrototype: true })
    .filter((object) => Object.keys(object).length >= (schema.minProperties ?? 0));
}

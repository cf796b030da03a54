import { escape as escaped } from 'mysql2';
import { toBytes } from './codec.ts';

// ASCII without quote and backslash: it means itself between quotes, in every mode and in every charset that MySQL speaks to us in.
const plain = /^[\x20-\x26\x28-\x5b\x5d-\x7e]*$/;

/**
 * A value as it stands in the text of a statement. Escaping what needs no escaping is most of what a batch of orders costs here,
 * so only text that is not plain takes the library's way.
 */
export function literal(value: string | number): string {
  if (typeof value === 'number') return String(value);
  return plain.test(value) ? `'${value}'` : escaped(value);
}

/** The bytes of an opaque id, as `toBytes` makes them: those of plain text are the text itself. Throws RequestError as it does. */
export function bytesLiteral(text: string): string {
  return plain.test(text) ? `'${text}'` : escaped(toBytes(text));
}

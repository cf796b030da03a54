import { RequestError } from '../domain/errors.ts';

const loneSurrogate = /\p{Surrogate}/u;

/** The bytes of an opaque id or key; throws RequestError for text that has no UTF-8, since two such would become equal. */
export function toBytes(text: string): Buffer {
  if (loneSurrogate.test(text)) throw new RequestError('invalid_request', 'an id is not well-formed Unicode');
  return Buffer.from(text, 'utf8');
}

export function fromBytes(bytes: Buffer): string {
  return bytes.toString('utf8');
}

/** JSON goes in and out as text, because MariaDB's JSON is text and MySQL's is not; `undefined` becomes null. */
export function toJson(value: unknown): string {
  return JSON.stringify(value) ?? 'null';
}

export function fromJson(text: string): unknown {
  return JSON.parse(text);
}

import { malformedCursor } from '../domain/errors.ts';
import type { Page } from '../domain/order.ts';

/** An opaque cursor that names the last item of a page by the parts of its sort key. */
export function encodeCursor(parts: readonly (string | number)[]): string {
  return Buffer.from(parts.join(' ')).toString('base64url');
}

/** Reads a cursor of exactly these parts; throws RequestError `invalid_request` for anything that we did not write. */
export function decodeCursor(cursor: string, kinds: readonly ('id' | 'number')[]): string[] {
  const parts = Buffer.from(cursor, 'base64url').toString('latin1').split(' ');
  const valid =
    parts.length === kinds.length &&
    encodeCursor(parts) === cursor &&
    kinds.every((kind, index) => (kind === 'id' ? /^[A-Za-z0-9_-]{1,64}$/ : /^[0-9]{1,15}$/).test(parts[index] ?? ''));
  if (!valid) throw malformedCursor();
  return parts;
}

/** Makes a page of `limit` out of up to `limit + 1` rows; the one too many says that there is more. */
export function toPage<T>(rows: readonly T[], limit: number, keyOf: (row: T) => readonly (string | number)[]): Page<T> {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, nextCursor: rows.length > limit && last !== undefined ? encodeCursor(keyOf(last)) : null };
}

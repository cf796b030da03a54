import { randomUUID } from 'node:crypto';

const pattern = /^[A-Za-z0-9_-]{1,64}$/;

/** The caller's own X-Request-Id where it is a harmless one, else a new one. */
export function requestIdOf(header: string | undefined): string {
  return header !== undefined && pattern.test(header) ? header : randomUUID();
}

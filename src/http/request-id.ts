import { randomBytes } from 'node:crypto';

const pattern = /^[A-Za-z0-9_-]{1,64}$/;

/** Random for each process, so that ids of several do not meet; within one, counting is enough and costs next to nothing. */
const ours = randomBytes(9).toString('base64url');
let made = 0;

/** The caller's own X-Request-Id where it is a harmless one, else a new one. */
export function requestIdOf(header: string | undefined): string {
  if (header !== undefined && pattern.test(header)) return header;
  made += 1;
  return `${ours}-${made.toString(36)}`;
}

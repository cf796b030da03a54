/** Who asks: the `sub` of the token, opaque to us, and whether its scope has `admin`. */
export type Caller = { buyerId: string; isAdmin: boolean };

/** What must stand in the claims of a token; null is not asked for. */
export type Expected = { issuer: string | null; audience: string | null };

/** A caller with the moment when the token is over, Unix milliseconds, tolerance included. */
export type Verified = Caller & { expiresAtMs: number };

/** Clocks of issuers differ a little from ours. */
export const CLOCK_TOLERANCE_MS = 5000;
const SUBJECT_BYTES_MAX = 255;

/** Checks claims whose signature is already proven; null when they do not name a caller we may serve now (RFC 7519). */
export function callerOf(claims: Record<string, unknown>, expected: Expected, nowMs: number): Verified | null {
  const { sub, exp, nbf, iat, iss, aud, scope } = claims;
  if (!isSubject(sub)) return null;
  if (!isMoment(exp) || nowMs >= exp * 1000 + CLOCK_TOLERANCE_MS) return null;
  if (nbf !== undefined && !isPast(nbf, nowMs)) return null;
  if (iat !== undefined && !isPast(iat, nowMs)) return null;
  if (expected.issuer !== null && iss !== expected.issuer) return null;
  if (expected.audience !== null && !isAmong(expected.audience, aud)) return null;
  return { buyerId: sub, isAdmin: hasAdminScope(scope), expiresAtMs: exp * 1000 + CLOCK_TOLERANCE_MS };
}

/** Text that is not well-formed is refused: two such names would become the same bytes in a store. */
function isSubject(sub: unknown): sub is string {
  if (typeof sub !== 'string' || sub === '' || sub.length > SUBJECT_BYTES_MAX) return false;
  return Buffer.byteLength(sub) <= SUBJECT_BYTES_MAX && !loneSurrogate.test(sub);
}
const loneSurrogate = /\p{Cs}/u;

function isMoment(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}

function isPast(value: unknown, nowMs: number): boolean {
  return isMoment(value) && value * 1000 <= nowMs + CLOCK_TOLERANCE_MS;
}

function isAmong(expected: string, audience: unknown): boolean {
  return Array.isArray(audience) ? audience.includes(expected) : audience === expected;
}

/** `admin` must be an exact member: a scope such as `not-admin` or `admin.read` gives nothing. */
function hasAdminScope(scope: unknown): boolean {
  if (typeof scope === 'string') return scope.split(' ').includes('admin');
  return Array.isArray(scope) && scope.includes('admin');
}

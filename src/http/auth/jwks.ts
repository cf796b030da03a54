import { type CompactVerifyGetKey, compactVerify, createRemoteJWKSet, errors } from 'jose';
import { UnavailableError } from '../../domain/errors.ts';
import { parseObject } from './hs256.ts';

/** Verifies a token by the provider's keys; null when it is not theirs, UnavailableError when the keys cannot be had. */
export type JwksVerifier = (token: string) => Promise<Record<string, unknown> | null>;

/** Only asymmetric algorithms: a public key can therefore never serve as the secret of an HMAC. */
export const JWKS_ALGORITHMS = ['RS256', 'PS256', 'ES256', 'EdDSA'];

const REFRESH_EVERY_MS = 10 * 60_000;
/** Keys are still trusted for this long while the provider is away: a sale should survive its hiccup. */
const KEYS_AGE_MAX_MS = 60 * 60_000;
const FETCH_TIMEOUT_MS = 3000;
const RETRY_AFTER_FAILURE_MS = 1000;

/** Keeps the provider's keys, renewed in the background, and never asks a provider that just failed more than once a second. */
export function createJwksVerifier(url: string): JwksVerifier {
  const keys = createRemoteJWKSet(new URL(url), {
    cacheMaxAge: KEYS_AGE_MAX_MS,
    timeoutDuration: FETCH_TIMEOUT_MS,
  });
  let refreshAtMs = Date.now() + REFRESH_EVERY_MS;
  let awayUntilMs = 0;
  let awayCause: unknown;

  function refreshInBackground(nowMs: number): void {
    if (nowMs < refreshAtMs) return;
    refreshAtMs = nowMs + REFRESH_EVERY_MS;
    keys.reload().catch((cause: unknown) => {
      awayCause = cause;
      refreshAtMs = Date.now() + FETCH_TIMEOUT_MS;
    });
  }

  const keyFor: CompactVerifyGetKey = async (header, token) => {
    try {
      return await keys(header, token);
    } catch (error) {
      if (isRefusal(error)) throw error;
      awayUntilMs = Date.now() + RETRY_AFTER_FAILURE_MS;
      awayCause = error;
      throw away(error);
    }
  };

  return async (token) => {
    const nowMs = Date.now();
    if (nowMs < awayUntilMs && !keys.fresh) throw away(awayCause);
    refreshInBackground(nowMs);
    try {
      const { payload } = await compactVerify(token, keyFor, { algorithms: JWKS_ALGORITHMS });
      return parseObject(Buffer.from(payload).toString('utf8'));
    } catch (error) {
      if (error instanceof UnavailableError) throw error;
      // Once there is a key, whatever fails is for the token's sake, such as one that names a key of a bad kind.
      return null;
    }
  };
}

/** Errors of looking for a key that speak of the token; every other one speaks of the provider. */
function isRefusal(error: unknown): boolean {
  return (
    error instanceof errors.JOSENotSupported ||
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys
  );
}

function away(cause: unknown): UnavailableError {
  return new UnavailableError('The keys of the identity provider could not be fetched.', { cause });
}

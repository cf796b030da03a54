import { RequestError } from '../../domain/errors.ts';
import { type Caller, callerOf } from './caller.ts';
import { createHs256 } from './hs256.ts';
import { createJwksVerifier } from './jwks.ts';
import { createSeenTokens } from './seen-tokens.ts';

/** By whom and for whom access tokens are made. Exactly one of the secret and the URL must be there. */
export type AuthOptions = {
  jwtSecret: string | null;
  jwksUrl: string | null;
  issuer: string | null;
  audience: string | null;
};

/** Names the caller of an Authorization header; at once for a token seen before, else as a promise where keys are fetched. */
export type Authenticate = (authorization: string | undefined) => Caller | Promise<Caller>;

const TOKEN_LENGTH_MAX = 8192;

const bearer = /^bearer ([A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+)$/i;

/** Makes the one judge of access tokens; throws RequestError `unauthorized`, or UnavailableError while keys are away. */
export function createAuthenticate(options: AuthOptions): Authenticate {
  const { jwtSecret, jwksUrl } = options;
  if ((jwtSecret === null) === (jwksUrl === null)) {
    throw new Error('Exactly one of a JWT secret and a JWKS URL must be configured.');
  }
  // Which verifier there is, the configuration says and never the token; each has its own algorithms and its own keys.
  const verify = jwtSecret === null ? createJwksVerifier(jwksUrl as string) : createHs256(jwtSecret);
  const seen = createSeenTokens({ cheapToVerify: jwtSecret !== null });

  function admit(token: string, claims: Record<string, unknown> | null, nowMs: number): Caller {
    const caller = claims === null ? null : callerOf(claims, options, nowMs);
    if (caller === null) throw refused();
    seen.keep(token, caller, nowMs);
    return caller;
  }

  return (authorization) => {
    if (authorization === undefined) throw new RequestError('unauthorized', 'A bearer token is needed.');
    const token = authorization.length > TOKEN_LENGTH_MAX ? undefined : bearer.exec(authorization)?.[1];
    if (token === undefined) throw refused();
    const nowMs = Date.now();
    const known = seen.find(token, nowMs);
    if (known) return known;

    const claims = verify(token);
    return claims instanceof Promise
      ? claims.then((verified) => admit(token, verified, nowMs))
      : admit(token, claims, nowMs);
  };
}

/** One text for every reason: what exactly is wrong with a forged token is nobody's business. */
function refused(): RequestError {
  return new RequestError('unauthorized', 'The bearer token is not valid.');
}

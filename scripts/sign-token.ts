import { createHmac } from 'node:crypto';

/** An access token as an identity provider would give it (RFC 7519, HS256). For local use and benches. */
export function signToken(input: {
  secret: string;
  sub: string;
  scope?: string | undefined;
  ttlSeconds: number;
  issuer?: string | null;
  audience?: string | null;
}): string {
  const nowSeconds = Math.floor(Date.now() / 1000);
  const claims = {
    sub: input.sub,
    scope: input.scope,
    iss: input.issuer ?? undefined,
    aud: input.audience ?? undefined,
    iat: nowSeconds,
    exp: nowSeconds + input.ttlSeconds,
  };
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`;
  return `${signed}.${createHmac('sha256', input.secret).update(signed).digest('base64url')}`;
}

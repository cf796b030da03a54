import { createHmac, createSign, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { exportJWK, generateKeyPair } from 'jose';
import * as assert from 'uvu/assert';
import { RequestError, UnavailableError } from '../../domain/errors.ts';
import { suite } from '../../testing/suite.ts';
import { inSeconds, secret } from '../edge-fixtures.ts';
import { createAuthenticate } from './authenticate.ts';
import { withProvider } from './testing.ts';

const test = suite("forged access tokens, with a provider's keys");
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const mallory = generateKeyPairSync('rsa', { modulusLength: 2048 });
const weak = generateKeyPairSync('rsa', { modulusLength: 1024 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const other = await generateKeyPair('Ed25519', { extractable: true });

const jwkOf = (key: KeyObject, more: object) => ({ ...key.export({ format: 'jwk' }), ...more });
const keys = [
  jwkOf(rsa.publicKey, { kid: 'rsa', alg: 'RS256', use: 'sig' }),
  jwkOf(ec.publicKey, { kid: 'ec', use: 'sig' }),
  jwkOf(weak.publicKey, { kid: 'weak', alg: 'RS256' }),
  jwkOf(rsa.publicKey, { kid: 'for-encryption', use: 'enc' }),
  { ...(await exportJWK(other.publicKey)), kid: 'ed' },
  { kty: 'oct', k: Buffer.from(secret).toString('base64url'), kid: 'oct', alg: 'HS256' },
  { kty: 'oct', k: Buffer.from(secret).toString('base64url'), kid: 'oct-as-rsa', alg: 'RS256' },
  { kty: 'new', kid: 'unheard-of' },
];
const claims = { sub: 'alice', iss: 'i', aud: 'a', exp: inSeconds(600) };
const encode = (part: unknown) =>
  Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url');

/** A token with any header, really signed with RSA or EC and SHA-256. */
function signedBy(key: KeyObject, header: unknown, payload: unknown = claims): string {
  const input = `${encode(header)}.${encode(payload)}`;
  const signature = createSign('sha256').update(input).sign({ key, dsaEncoding: 'ieee-p1363' });
  return `${input}.${signature.toString('base64url')}`;
}

function hmacBy(key: string | Buffer, header: object): string {
  const input = `${encode(header)}.${encode(claims)}`;
  return `${input}.${createHmac('sha256', key).update(input).digest('base64url')}`;
}

/** Judges tokens by the provider's keys; a good one has to be served before and after, or the refusals prove nothing. */
async function assertRefused(tokens: readonly string[]): Promise<void> {
  await withProvider(keys, async (jwksUrl, asked) => {
    const authenticate = createAuthenticate({ jwtSecret: null, jwksUrl, issuer: 'i', audience: 'a' });
    const judge = async (token: string): Promise<unknown> => {
      try {
        return (await authenticate(`Bearer ${token}`)).buyerId;
      } catch (error) {
        if (error instanceof RequestError) return error.code;
        if (error instanceof UnavailableError) return 'unavailable';
        throw error;
      }
    };
    const good = { alg: 'RS256', kid: 'rsa' };
    assert.is(await judge(signedBy(rsa.privateKey, good)), 'alice');
    for (const token of tokens) {
      const head = Buffer.from(token.split('.')[0] ?? '', 'base64url').toString();
      assert.is(await judge(token), 'unauthorized', head.slice(0, 200));
    }
    assert.is(await judge(signedBy(rsa.privateKey, good, { ...claims, exp: inSeconds(700) })), 'alice');
    assert.is(asked(), 1, 'forgeries do not make us ask the provider again and again');
  });
}

test('the public key is no secret for an HMAC, in whichever form it is known', async () => {
  const forms = [
    rsa.publicKey.export({ format: 'pem', type: 'spki' }),
    rsa.publicKey.export({ format: 'pem', type: 'pkcs1' }),
    rsa.publicKey.export({ format: 'der', type: 'spki' }),
    rsa.publicKey.export({ format: 'der', type: 'pkcs1' }),
    JSON.stringify(keys[0]),
    String((keys[0] as { n?: string }).n),
    secret,
    '',
  ];
  const headers = [
    { alg: 'HS256' },
    { alg: 'HS256', kid: 'rsa' },
    { alg: 'HS256', kid: 'oct' },
    { alg: 'HS256', kid: 'oct-as-rsa' },
    { alg: 'RS256', kid: 'rsa' },
    { alg: 'RS256', kid: 'oct-as-rsa' },
    { alg: 'HS512', kid: 'rsa' },
  ];
  await assertRefused(forms.flatMap((key) => headers.map((header) => hmacBy(key, header))));
});

test('"none" is no algorithm here either, signed or not', async () => {
  const unsigned = ['none', 'None', 'NONE', 'nOnE', ''].flatMap((alg) => {
    const input = `${encode({ alg, kid: 'rsa' })}.${encode(claims)}`;
    return [`${input}.`, `${input}.AA`, signedBy(rsa.privateKey, { alg, kid: 'rsa' })];
  });
  await assertRefused([...unsigned, signedBy(rsa.privateKey, { kid: 'rsa' }), signedBy(rsa.privateKey, {})]);
});

test("another's key is not taken, not under a known name and not when the header brings it along", async () => {
  const jwk = jwkOf(mallory.publicKey, { kid: 'rsa' });
  const ways = [
    { kid: 'rsa' },
    { kid: 'rsa', jwk },
    { jwk },
    { kid: 'mine', jwk },
    { kid: 'rsa', jku: 'http://127.0.0.1:1/jwks' },
    { kid: 'rsa', x5u: 'http://127.0.0.1:1/cert' },
    { kid: 'rsa', x5c: [mallory.publicKey.export({ format: 'der', type: 'spki' }).toString('base64')] },
  ];
  await assertRefused(ways.map((way) => signedBy(mallory.privateKey, { alg: 'RS256', ...way })));
});

test('a name of a key is a name: no path, no statement, no prototype, and no other type', async () => {
  const names = ['../../dev/null', "' OR 1=1 --", '__proto__', 'constructor', '', 'RSA', 'rsa ', 0, null, ['rsa'], {}];
  await assertRefused(names.map((kid) => signedBy(mallory.privateKey, { alg: 'RS256', kid })));
});

test('a key serves only the algorithm and the use that it is for', async () => {
  await assertRefused([
    signedBy(rsa.privateKey, { alg: 'RS256', kid: 'ec' }),
    signedBy(ec.privateKey, { alg: 'RS256', kid: 'ec' }),
    signedBy(ec.privateKey, { alg: 'ES256', kid: 'rsa' }),
    signedBy(rsa.privateKey, { alg: 'PS256', kid: 'rsa' }),
    signedBy(rsa.privateKey, { alg: 'RS512', kid: 'rsa' }),
    signedBy(rsa.privateKey, { alg: 'RS256', kid: 'for-encryption' }),
    signedBy(rsa.privateKey, { alg: 'EdDSA', kid: 'ed' }),
    signedBy(rsa.privateKey, { alg: 'RS256', kid: 'unheard-of' }),
  ]);
});

test('a key too short to be trusted makes no token good, and no outage', async () => {
  await assertRefused([signedBy(weak.privateKey, { alg: 'RS256', kid: 'weak' })]);
});

test('a header that asks for what nobody knows is refused, and no outage', async () => {
  const wishes = [
    { crit: ['exp'] },
    { crit: [] },
    { crit: 'exp' },
    { crit: ['b64'], b64: false },
    { b64: false, crit: [1] },
  ];
  const headers = [
    ...wishes.map((wish) => ({ alg: 'RS256', kid: 'rsa', ...wish })),
    ...['not json', '[]', 'null', '"RS256"', '1', '{"alg":"RS256"'],
    { alg: ['RS256'], kid: 'rsa' },
    { alg: 1, kid: 'rsa' },
    { alg: null, kid: 'rsa' },
  ];
  await assertRefused(headers.map((header) => signedBy(rsa.privateKey, header)));
});

test('a signature is whole, of its length, and over these very words', async () => {
  const [head = '', body = '', signature = ''] = signedBy(rsa.privateKey, { alg: 'RS256', kid: 'rsa' }).split('.');
  const [ecHead = '', ecBody = ''] = signedBy(ec.privateKey, { alg: 'ES256', kid: 'ec' }).split('.');
  await assertRefused([
    `${head}.${body}.${signature.slice(0, -1)}`,
    `${head}.${body}.${signature}AAAA`,
    `${head}.${body}.A`,
    `${head}.${encode({ ...claims, sub: 'mallory' })}.${signature}`,
    `${head}.${encode({ ...claims, scope: 'admin' })}.${signature}`,
    // Zeroes for r and s pass as a signature where nobody looks (CVE-2022-21449).
    `${ecHead}.${ecBody}.${Buffer.alloc(64).toString('base64url')}`,
    `${ecHead}.${ecBody}.${Buffer.alloc(0).toString('base64url')}A`,
  ]);
});

test('claims are judged here as they are with a secret', async () => {
  const wrong = [
    { exp: inSeconds(-60) },
    { exp: undefined },
    { exp: '9999999999' },
    { nbf: inSeconds(60) },
    { iat: inSeconds(60) },
    { iss: 'x' },
    { iss: ['i'] },
    { aud: 'b' },
    { aud: [['a']] },
    { sub: '' },
    { sub: 7 },
    { sub: 'a'.repeat(256) },
  ];
  const header = { alg: 'RS256', kid: 'rsa' };
  const bodies = ['null', '[]', '"x"', 'not json', ''].map((body) => signedBy(rsa.privateKey, header, body));
  await assertRefused([...wrong.map((one) => signedBy(rsa.privateKey, header, { ...claims, ...one })), ...bodies]);
});

test('with a secret alone an asymmetric token is refused, with or without a good signature', async () => {
  const authenticate = createAuthenticate({ jwtSecret: secret, jwksUrl: null, issuer: null, audience: null });
  for (const kid of ['rsa', undefined]) {
    for (const alg of ['RS256', 'PS256', 'ES256', 'EdDSA']) {
      assert.throws(() => authenticate(`Bearer ${signedBy(rsa.privateKey, { alg, kid })}`), 'not valid');
    }
  }
});

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, exportSPKI, generateKeyPair, SignJWT } from 'jose';
import * as assert from 'uvu/assert';
import { RequestError, UnavailableError } from '../../domain/errors.ts';
import { suite } from '../../testing/suite.ts';
import { until } from '../../testing/until.ts';
import { inSeconds, secret, signed } from '../edge-fixtures.ts';
import { type AuthOptions, createAuthenticate } from './authenticate.ts';
import { withProvider } from './testing.ts';

const test = suite('auth');
const own: AuthOptions = { jwtSecret: secret, jwksUrl: null, issuer: null, audience: null };

/** What becomes of a token: the caller, or the kind of its refusal. */
async function judge(options: AuthOptions, token: string, scheme = 'Bearer'): Promise<unknown> {
  return judgeWith(createAuthenticate(options), `${scheme} ${token}`);
}

async function judgeWith(authenticate: ReturnType<typeof createAuthenticate>, header: string): Promise<unknown> {
  try {
    const { buyerId, isAdmin } = await authenticate(header);
    return { buyerId, isAdmin };
  } catch (error) {
    if (error instanceof RequestError) return error.code;
    if (error instanceof UnavailableError) return 'unavailable';
    throw error;
  }
}

const exp = inSeconds(600);
const alice = { sub: 'alice', exp };

test('a signed token names its caller', async () => {
  assert.equal(await judge(own, signed(alice)), { buyerId: 'alice', isAdmin: false });
  assert.equal(await judge(own, signed(alice, { alg: 'HS256' })), { buyerId: 'alice', isAdmin: false });
  assert.equal(await judge(own, signed(alice), 'bearer'), { buyerId: 'alice', isAdmin: false });
});

test('admin is an exact member of the scope', async () => {
  const isAdmin = async (scope: unknown) =>
    ((await judge(own, signed({ ...alice, scope }))) as { isAdmin: boolean }).isAdmin;

  for (const scope of ['admin', 'read admin', ['admin'], ['read', 'admin']]) assert.is(await isAdmin(scope), true);
  for (const scope of [
    '',
    'administrator',
    'not-admin',
    'Admin',
    'admin.read',
    ['admin read'],
    [],
    { admin: true },
    null,
    true,
  ]) {
    assert.is(await isAdmin(scope), false, JSON.stringify(scope));
  }
});

test('a token with any other header is refused', async () => {
  const headers = [
    { alg: 'none' },
    { alg: 'None' },
    { alg: 'hs256' },
    { alg: 'HS512' },
    { alg: 'HS256', crit: ['exp'] },
    { alg: 'HS256', kid: '1' },
    { alg: 'HS256', typ: 'at+jwt' },
    { alg: 'HS256', jwk: {} },
    {},
    [],
    null,
    'HS256',
  ];
  for (const header of headers)
    assert.is(await judge(own, signed(alice, header)), 'unauthorized', JSON.stringify(header));
});

test('a token without a signature, with another or a changed one is refused', async () => {
  const token = signed(alice);
  const [header, payload, signature = ''] = token.split('.');
  const forged = Buffer.from(JSON.stringify({ ...alice, sub: 'mallory' })).toString('base64url');
  const bad = [
    '',
    '.',
    '..',
    `${header}.${payload}`,
    `${header}.${payload}.`,
    `${header}.${forged}.${signature}`,
    `${header}.${payload}.${signature.slice(0, -1)}`,
    `${header}.${payload}.${signature}A`,
    `${header}.${payload}.${signature}=`,
    `${token}.${signature}`,
    ` ${token}`,
    `${token} ${token}`,
    `${token}, Bearer ${token}`,
    signed(alice, undefined, 'another secret, also long enough'),
    'a'.repeat(100_000),
  ];
  for (const one of bad) assert.is(await judge(own, one), 'unauthorized', one.slice(0, 80));
  assert.is(await judge(own, token, 'Basic'), 'unauthorized');
});

test('another spelling of the same signature bytes is refused', async () => {
  const token = signed(alice);
  // 32 bytes leave two spare bits in the 43rd character, so three other characters decode to the same bytes.
  const bytes = Buffer.from(token.split('.')[2] ?? '', 'base64url');
  const twins = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    .split('')
    .map((last) => token.slice(0, -1) + last)
    .filter((twin) => twin !== token && Buffer.from(twin.split('.')[2] ?? '', 'base64url').equals(bytes));

  assert.is(twins.length, 3);
  for (const twin of twins) assert.is(await judge(own, twin), 'unauthorized');
});

test('claims about time are kept, with five seconds of tolerance', async () => {
  const verdict = (claims: object) => judge(own, signed({ sub: 'alice', ...claims }));
  const served = { buyerId: 'alice', isAdmin: false };

  assert.equal(await verdict({ exp: inSeconds(-2) }), served);
  assert.is(await verdict({ exp: inSeconds(-10) }), 'unauthorized');
  assert.equal(await verdict({ exp, nbf: inSeconds(3) }), served);
  assert.is(await verdict({ exp, nbf: inSeconds(60) }), 'unauthorized');
  assert.equal(await verdict({ exp, iat: inSeconds(-60) }), served);
  assert.is(await verdict({ exp, iat: inSeconds(60) }), 'unauthorized');
  for (const wrong of [undefined, null, String(exp), -1, {}, [exp], true]) {
    assert.is(await verdict({ exp: wrong }), 'unauthorized', String(wrong));
    if (wrong !== undefined) assert.is(await verdict({ exp, nbf: wrong }), 'unauthorized', String(wrong));
  }
  assert.is(await judge(own, signed('{"sub":"alice"}')), 'unauthorized');
});

test('a sub is any text of 1 to 255 bytes', async () => {
  const verdict = (sub: unknown) => judge(own, signed({ sub, exp }));

  for (const sub of ['a', 'é'.repeat(127), 'auth0|{1}:*', '  ', '__proto__', 'Ａlice', '\u0000']) {
    assert.equal(await verdict(sub), { buyerId: sub, isAdmin: false });
  }
  for (const sub of ['', 'a'.repeat(256), 'é'.repeat(128), '\ud800', 7, null, undefined, ['a'], {}]) {
    assert.is(await verdict(sub), 'unauthorized', String(sub));
  }
});

test('issuer and audience are asked for where they are configured', async () => {
  const options = { ...own, issuer: 'https://id.example', audience: 'onsale' };
  const good = { ...alice, iss: 'https://id.example', aud: 'onsale' };

  assert.equal(await judge(options, signed(good)), { buyerId: 'alice', isAdmin: false });
  assert.equal(await judge(options, signed({ ...good, aud: ['other', 'onsale'] })), {
    buyerId: 'alice',
    isAdmin: false,
  });
  for (const wrong of [
    { iss: 'https://id.example/' },
    { iss: undefined },
    { aud: 'other' },
    { aud: undefined },
    { aud: ['other'] },
  ]) {
    assert.is(await judge(options, signed({ ...good, ...wrong })), 'unauthorized', JSON.stringify(wrong));
  }
});

test('a token that was seen is refused once its time is over', async () => {
  const authenticate = createAuthenticate(own);
  // Serves until exp + 5 s: whole seconds are told, so this one has one to two left.
  const header = `Bearer ${signed({ sub: 'alice', exp: inSeconds(-3) })}`;

  for (let times = 0; times < 3; times += 1) {
    assert.equal(await judgeWith(authenticate, header), { buyerId: 'alice', isAdmin: false });
  }

  await until('it is refused', async () => (await judgeWith(authenticate, header)) === 'unauthorized');
});

const rsa = await generateKeyPair('RS256', { extractable: true });
const ec = await generateKeyPair('ES256', { extractable: true });
const stranger = await generateKeyPair('RS256');

const keys = [
  { ...(await exportJWK(rsa.publicKey)), kid: 'rsa', alg: 'RS256', use: 'sig' },
  { ...(await exportJWK(ec.publicKey)), kid: 'ec' },
  { kty: 'oct', k: Buffer.from(secret).toString('base64url'), kid: 'oct', alg: 'HS256' },
];

function sign(alg: string, kid: string, key: Parameters<SignJWT['sign']>[0], claims: object = {}): Promise<string> {
  return new SignJWT({ sub: 'alice', iss: 'i', aud: 'a', exp, ...claims }).setProtectedHeader({ alg, kid }).sign(key);
}

test("tokens signed by the provider's keys are served, and only those", async () => {
  await withProvider(keys, async (jwksUrl, asked) => {
    const authenticate = createAuthenticate({ jwtSecret: null, jwksUrl, issuer: 'i', audience: 'a' });
    const verdict = (token: string) => judgeWith(authenticate, `Bearer ${token}`);
    const served = { buyerId: 'alice', isAdmin: false };

    assert.equal(await verdict(await sign('RS256', 'rsa', rsa.privateKey)), served);
    assert.equal(await verdict(await sign('ES256', 'ec', ec.privateKey)), served);
    assert.is(await verdict(await sign('RS256', 'rsa', stranger.privateKey)), 'unauthorized');
    assert.is(await verdict(await sign('RS256', 'unknown', stranger.privateKey)), 'unauthorized');
    assert.is(await verdict(await sign('RS256', 'rsa', rsa.privateKey, { aud: 'b' })), 'unauthorized');
    assert.is(await verdict(await sign('RS256', 'rsa', rsa.privateKey, { iss: 'x' })), 'unauthorized');
    assert.is(await verdict(await sign('RS256', 'rsa', rsa.privateKey, { exp: inSeconds(-60) })), 'unauthorized');
    assert.is(asked(), 1);
  });
});

test('a public key is never taken for the secret of an HMAC', async () => {
  await withProvider(keys, async (jwksUrl) => {
    const onlyKeys: AuthOptions = { jwtSecret: null, jwksUrl, issuer: null, audience: null };
    const pem = await exportSPKI(rsa.publicKey);
    const jwk = JSON.stringify(await exportJWK(rsa.publicKey));
    for (const key of [pem, pem.trim(), jwk, secret]) {
      for (const header of [
        { alg: 'HS256' },
        { alg: 'HS256', kid: 'rsa' },
        { alg: 'HS256', kid: 'oct' },
        { alg: 'HS512', kid: 'rsa' },
      ]) {
        assert.is(await judge(onlyKeys, signed(alice, header, key)), 'unauthorized');
        assert.is(
          await judge({ ...own, jwtSecret: 'some other secret that is long enough' }, signed(alice, header, key)),
          'unauthorized',
        );
      }
    }
    assert.is(await judge(onlyKeys, signed(alice, { alg: 'none', kid: 'rsa' })), 'unauthorized');
  });
});

test('a secret beside the keys is refused, and so is neither: a token must not choose how it is checked', () => {
  const jwksUrl = 'http://127.0.0.1:9/jwks';
  const none = { issuer: null, audience: null };

  assert.throws(() => createAuthenticate({ jwtSecret: secret, jwksUrl, ...none }), /Exactly one/);
  assert.throws(() => createAuthenticate({ jwtSecret: null, jwksUrl: null, ...none }), /Exactly one/);
});

test('while the keys cannot be had a token is neither good nor bad, and the provider is left in peace', async () => {
  let asked = 0;
  const server = createServer((_request, response) => {
    asked += 1;
    response.writeHead(500).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const jwksUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`;
  const authenticate = createAuthenticate({ jwtSecret: null, jwksUrl, issuer: null, audience: null });
  const header = `Bearer ${await sign('RS256', 'rsa', rsa.privateKey)}`;

  for (let i = 0; i < 10; i += 1) assert.is(await judgeWith(authenticate, header), 'unavailable');
  assert.is(asked, 1);
  server.closeAllConnections();
  server.close();
  assert.is(
    await judge({ jwtSecret: null, jwksUrl: 'http://127.0.0.1:9/', issuer: null, audience: null }, header.slice(7)),
    'unavailable',
  );
});

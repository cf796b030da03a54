import { createHmac } from 'node:crypto';
import * as assert from 'uvu/assert';
import { RequestError } from '../../domain/errors.ts';
import { createReceipts } from '../../engine/receipt.ts';
import { suite } from '../../testing/suite.ts';
import { inSeconds, secret, signed } from '../edge-fixtures.ts';
import { type AuthOptions, createAuthenticate } from './authenticate.ts';

const test = suite('forged access tokens, with a secret');
const own: AuthOptions = { jwtSecret: secret, jwksUrl: null, issuer: 'https://id.example', audience: 'onsale' };
const exp = inSeconds(600);
const claims = { sub: 'alice', exp, iss: 'https://id.example', aud: 'onsale' };
const encode = (part: unknown) =>
  Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url');

/** A token of parts that are text already, so that it may say what JSON.stringify never would. */
function signedText(header: string, payload: string, key: string = secret): string {
  const input = `${encode(header)}.${encode(payload)}`;
  return `${input}.${createHmac('sha256', key).update(input).digest('base64url')}`;
}

/** The caller that a token names, or the code of its refusal. */
async function judge(token: string, authenticate = createAuthenticate(own)): Promise<unknown> {
  try {
    return (await authenticate(`Bearer ${token}`)).buyerId;
  } catch (error) {
    if (error instanceof RequestError) return error.code;
    throw error;
  }
}

async function assertRefused(tokens: readonly string[]): Promise<void> {
  assert.is(await judge(signed(claims)), 'alice');
  for (const token of tokens) assert.is(await judge(token), 'unauthorized', token.slice(0, 300));
}

const header = '{"alg":"HS256","typ":"JWT"}';
const payload = JSON.stringify(claims);

test('"none" is no algorithm, however it is spelt and whatever stands for the signature', async () => {
  const spellings = ['none', 'None', 'NONE', 'nOnE', 'none ', ' none', 'none\0', 'ｎone', '', 'null'];
  const unsigned = spellings.flatMap((alg) => {
    const input = `${encode({ alg, typ: 'JWT' })}.${encode(claims)}`;
    return [`${input}.`, input, `${input}.AA`, signed(claims, { alg, typ: 'JWT' })];
  });
  await assertRefused([...unsigned, signed(claims, { typ: 'JWT' }), signed(claims, { alg: null }), signed(claims, {})]);
});

test('only HS256 is taken, not its relatives, not an asymmetric one, and not in another form than text', async () => {
  const algorithms = ['HS384', 'HS512', 'hs256', 'HS256 ', 'RS256', 'PS256', 'ES256', 'EdDSA', 'dir', 'A256KW'];
  const others = [...algorithms, ['HS256'], { HS256: 1 }, 256, true];
  await assertRefused(others.map((alg) => signed(claims, { alg })));
});

test('a header cannot bring a key, name one, or ask for anything else', async () => {
  const wishes = [
    { kid: '../../../../dev/null' },
    { kid: "' UNION SELECT 'x" },
    { jku: 'http://127.0.0.1:1/keys' },
    { x5u: 'http://127.0.0.1:1/cert' },
    { jwk: { kty: 'oct', k: encode('mine') } },
    { x5c: ['MII'] },
    { crit: ['exp'] },
    { crit: [] },
    { b64: false },
    { zip: 'DEF' },
    { cty: 'JWT' },
    { enc: 'A256GCM' },
    { typ: 'at+jwt' },
    { typ: null },
  ];
  await assertRefused(wishes.map((wish) => signed(claims, { alg: 'HS256', ...wish })));
});

test('a header said twice is the header that counts, and a key such as __proto__ is one too many', async () => {
  await assertRefused([
    signedText('{"alg":"HS256","alg":"none"}', payload),
    signedText('{"alg":"HS256","__proto__":{"typ":"JWT"}}', payload),
    signedText('{"__proto__":{"alg":"HS256"}}', payload),
    signedText('["alg","HS256"]', payload),
    signedText('"HS256"', payload),
    signedText('{"alg":"HS256"}{}', payload),
  ]);
});

test('a signature by another key is refused, also one that looks like ours', async () => {
  const keys = ['', ' ', secret.slice(0, -1), `${secret} `, secret.toUpperCase(), encode(secret), 'null'];
  await assertRefused(keys.map((key) => signed(claims, undefined, key)));
});

test('a good signature has one spelling, and no other text around it', async () => {
  const token = signed(claims);
  const [head = '', body = '', signature = ''] = token.split('.');
  const base64 = Buffer.from(signature, 'base64url').toString('base64');
  await assertRefused([
    `${head}.${body}.${signature.slice(0, -1)}`,
    `${head}.${body}.${signature.slice(0, 10)}`,
    `${head}.${body}.${signature}A`,
    `${head}.${body}.${signature}=`,
    `${head}.${body}.${base64}`,
    `${head}.${body}.${signature}\n`,
    `${head}.${body}. ${signature}`,
    `${head}..${signature}`,
    `.${body}.${signature}`,
    `${head}.${body}.${signature}.${signature}`,
    `${head}=.${body}.${signature}`,
    `${head}.${body}=.${signature}`,
    `${head}.${body}.${Buffer.from(signature, 'base64url').toString('hex')}`,
    `${head}.${encode({ ...claims, sub: 'mallory' })}.${signature}`,
    `${body}.${head}.${signature}`,
  ]);
});

test('an encrypted token, a token in a token and one beyond 8 KB are refused', async () => {
  const parts = Array.from({ length: 5 }, () => encode('x'));
  await assertRefused([
    parts.join('.'),
    signedText('{"alg":"HS256","cty":"JWT"}', signed(claims)),
    signedText(header, signed(claims)),
    signed({ ...claims, padding: 'a'.repeat(8000) }),
    `${'a'.repeat(2 ** 16)}.a.a`,
  ]);
});

test('a token without an end, with one that is no moment, or one that is not yet good is refused', async () => {
  const ends = ['null', '"9999999999"', '-1', '1e999', '[9999999999]', '{}', 'true', '0', 'NaN', '""'];
  const soon = inSeconds(60);
  await assertRefused([
    signed({ ...claims, exp: undefined }),
    ...ends.map((end) => signedText(header, payload.replace(`"exp":${exp}`, `"exp":${end}`))),
    ...[soon, '0', null, -1, [0], {}].map((nbf) => signed({ ...claims, nbf })),
    ...[soon, '0', null, -1, [0], {}].map((iat) => signed({ ...claims, iat })),
    signed({ ...claims, exp: inSeconds(-6) }),
  ]);
});

test('a token of another issuer, for another audience, or for nobody is refused', async () => {
  const issuers = ['https://id.example/', 'HTTPS://ID.EXAMPLE', ['https://id.example'], null, undefined, '', { a: 1 }];
  const audiences = [
    'onsale2',
    'Onsale',
    'onsale ',
    [],
    ['other'],
    [['onsale']],
    { onsale: true },
    null,
    undefined,
    '',
  ];
  const subjects = [
    '',
    'a'.repeat(256),
    'é'.repeat(128),
    '\ud800',
    7,
    null,
    undefined,
    ['alice'],
    { sub: 'alice' },
    true,
  ];
  await assertRefused([
    ...issuers.map((iss) => signed({ ...claims, iss })),
    ...audiences.map((aud) => signed({ ...claims, aud })),
    ...subjects.map((sub) => signed({ ...claims, sub })),
  ]);
});

test('of a claim said twice the last counts, and claims are never inherited', async () => {
  assert.is(
    await judge(signedText(header, payload.replace('"sub":"alice"', '"sub":"mallory","sub":"alice"'))),
    'alice',
  );
  await assertRefused([
    signedText(header, payload.replace(`"exp":${exp}`, `"exp":${exp},"exp":0`)),
    signedText(header, `{"__proto__":${payload}}`),
    signedText(header, `[${payload}]`),
    signedText(header, `${payload}${payload}`),
    signedText(header, ''),
    signedText(header, 'null'),
  ]);
});

test('only "admin" itself makes an admin', async () => {
  const authenticate = createAuthenticate(own);
  const isAdmin = async (scope: unknown) => (await authenticate(`Bearer ${signed({ ...claims, scope })}`)).isAdmin;

  assert.is(await isAdmin('read admin'), true);
  const lesser = ['superadmin', 'admin,read', 'admin\tread', 'admin\n', 'ＡＤＭＩＮ', 'ADMIN', ['admin '], [['admin']]];
  for (const scope of [...lesser, { admin: true }, { 0: 'admin', length: 1 }, 1, true, 'a'.repeat(4000)]) {
    assert.is(await isAdmin(scope), false, JSON.stringify(scope).slice(0, 60));
  }
});

test('a token that was seen is known as a whole, so that nothing that begins or ends alike is taken for it', async () => {
  const authenticate = createAuthenticate(own);
  const token = signed(claims);
  const [head = '', body = '', signature = ''] = token.split('.');

  assert.is(await judge(token, authenticate), 'alice');
  const alike = [
    `${head}.${body}.${signature.slice(0, -1)}${signature.endsWith('A') ? 'B' : 'A'}`,
    `${head}.${encode({ ...claims, scope: 'admin' })}.${signature}`,
    `${encode({ alg: 'none' })}.${body}.${signature}`,
    token.toLowerCase(),
  ];
  for (const other of alike) assert.is(await judge(other, authenticate), 'unauthorized', other);
  assert.is(await judge(token, authenticate), 'alice');
});

test('no refused token is remembered: it stays refused, and keeps nothing of ours', async () => {
  const authenticate = createAuthenticate(own);
  const forged = signed({ ...claims, scope: 'admin' }, undefined, 'another secret, also long enough');

  for (let i = 0; i < 3; i += 1) assert.is(await judge(forged, authenticate), 'unauthorized');
});

test('a hold token is no access token, whoever signed it', async () => {
  const receipt = {
    ...{ saleId: 'gala', holdId: 'h', buyerId: 'alice', currency: 'EUR', placedAtMs: 0, expiresAtMs: exp * 1000 },
    lines: [{ ticketTypeId: 'ga', quantity: 1, priceMinor: 1 }],
  };
  await assertRefused([createReceipts(secret).sign(receipt), createReceipts('another').sign(receipt)]);
});

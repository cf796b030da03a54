import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import type { Mutation } from './bad.ts';
import { callOf, type Draft } from './draft.ts';
import { hostileText } from './hostile.ts';
import type { World } from './world.ts';

const refused = ['unauthorized'];
const isGuarded: Mutation['applies'] = ({ scope }) => scope !== 'public';

type Claims = Record<string, unknown>;

/** A compact token with these very parts; null leaves it unsigned. */
function tokenOf(claims: Claims, key: string | null, header: object = { alg: 'HS256', typ: 'JWT' }): string {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
  const input = `${encode(header)}.${encode(claims)}`;
  return `${input}.${key === null ? '' : createHmac('sha256', key).update(input).digest('base64url')}`;
}

/** Tokens that look like the caller's, and that this service must not take. */
function forgeries(draft: Draft, world: World): string[] {
  const { secret } = world;
  const { sub = '', bearer = '' } = draft.caller ?? {};
  const exp = Math.floor(Date.now() / 1000) + 600;
  const good = { sub, exp, scope: draft.operation.scope };
  const [header = '', payload = '', signature = ''] = bearer.split('.');
  const timeless = [undefined, null, `${exp}`, -1, [exp], true].map((wrong) =>
    tokenOf({ ...good, exp: wrong }, secret),
  );
  const algorithms = ['none', 'None', 'NONE', 'nOnE', '', 'HS512', 'RS256', 'hs256', 'HS256 ', null, 1, ['HS256']];
  return [
    ...algorithms.flatMap((alg) => [tokenOf(good, secret, { alg }), tokenOf(good, null, { alg })]),
    ...[{ kid: '../../dev/null' }, { jwk: {} }, { jku: 'http://127.0.0.1/' }, { crit: ['exp'] }, { b64: false }].map(
      (more) => tokenOf(good, secret, { alg: 'HS256', ...more }),
    ),
    tokenOf(good, 'another secret, as long as the real one'),
    tokenOf(good, ''),
    tokenOf({ ...good, exp: exp - 3600 }, secret),
    tokenOf({ ...good, nbf: exp }, secret),
    tokenOf({ ...good, iat: exp }, secret),
    ...timeless,
    ...['', 7, null, {}, [sub], 'a'.repeat(256), '\ud800'].map((wrong) => tokenOf({ ...good, sub: wrong }, secret)),
    `${header}.${payload}`,
    `${header}.${payload}.`,
    `${header}.${payload}.${signature.slice(0, -1)}`,
    `${header}.${payload}.${signature}=`,
    `${header}.${Buffer.from(JSON.stringify({ ...good, scope: 'admin' })).toString('base64url')}.${signature}`,
    `${bearer}.${signature}`,
    ...world.holds.slice(0, 1).map(({ token }) => token),
    'a.b.c',
    '..',
    'x'.repeat(9000),
  ];
}

const schemes = ['Basic', 'Token', 'Bearer:', 'Bearer Bearer', 'BearerX', ''];
const lesserScopes = [
  undefined,
  '',
  'administrator',
  'not-admin',
  'ADMIN',
  'admin.read',
  'admin\t',
  ' admin2',
  7,
  true,
];
const lesserLists = [[], ['admin '], [['admin']], [{ admin: true }], { admin: true }, ['superadmin'], 'admin,read'];

const withAuthorization = (draft: Draft, ...values: string[]) => {
  const call = callOf({ ...draft, caller: null });
  return { ...call, headers: [...values.map((value) => ['Authorization', value] as const), ...call.headers] };
};

/** Good requests of those who may not make them. */
export const callerMutations: readonly Mutation[] = [
  {
    name: 'caller: nobody',
    weight: 1,
    applies: isGuarded,
    spoil: (draft) => fc.constant({ call: callOf({ ...draft, caller: null }), expected: refused }),
  },
  {
    name: 'caller: a forged token',
    weight: 6,
    applies: isGuarded,
    spoil: (draft, { world }) =>
      fc.constantFrom(...forgeries(draft, world)).map((token) => ({
        call: withAuthorization(draft, `Bearer ${token}`),
        expected: refused,
      })),
  },
  {
    name: 'caller: a good token, told otherwise',
    weight: 2,
    applies: isGuarded,
    spoil: (draft) => {
      const bearer = draft.caller?.bearer ?? '';
      const told = [
        ...schemes.map((scheme) => `${scheme} ${bearer}`),
        `Bearer ${bearer} x`,
        `Bearer "${bearer}"`,
        `Bearer  ${bearer}`,
      ];
      return fc.oneof(
        fc.constantFrom(...told).map((value) => ({ call: withAuthorization(draft, value), expected: refused })),
        fc.constant({ call: withAuthorization(draft, `Bearer ${bearer}`, `Bearer ${bearer}`), expected: refused }),
        hostileText
          .filter((text) => /^[\x21-\x7e]+$/.test(text))
          .map((text) => ({ call: withAuthorization(draft, text), expected: refused })),
      );
    },
  },
  {
    name: 'caller: a buyer where an admin is due',
    weight: 3,
    applies: ({ scope }) => scope === 'admin',
    spoil: (draft, { world }) =>
      fc.constantFrom<unknown>(...lesserScopes, ...lesserLists).map((scope) => {
        const exp = Math.floor(Date.now() / 1000) + 600;
        const bearer = tokenOf({ sub: world.admin.sub, exp, scope }, world.secret);
        return { call: withAuthorization(draft, `Bearer ${bearer}`), expected: ['forbidden'] };
      }),
  },
];

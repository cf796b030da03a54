import { createHmac } from 'node:crypto';
import * as assert from 'uvu/assert';
import { signToken } from '../../scripts/sign-token.ts';
import type { Receipt } from '../domain/hold.ts';
import { suite } from '../testing/suite.ts';
import { createReceipts } from './receipt.ts';

const test = suite('hold tokens');
const secret = 'a secret of the tests, which is long enough';
const receipts = createReceipts(secret);
const receipt: Receipt = {
  ...{ saleId: 'gala', holdId: 'q1Zr8mX0TnS4aVb7Yc2dEw', buyerId: 'alice', currency: 'EUR' },
  ...{ placedAtMs: 1_900_000_000_000, expiresAtMs: 1_900_000_300_000 },
  lines: [{ ticketTypeId: 'ga', quantity: 2, priceMinor: 4500 }],
};
const token = receipts.sign(receipt);
const [version = '', body = '', signature = ''] = token.split('.');
const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

test('what was signed is read again, for any buyer and up to twenty lines of the longest ids', () => {
  const lines = Array.from({ length: 20 }, (_, i) => ({
    ...{ ticketTypeId: `${'t'.repeat(62)}${10 + i}`, quantity: 1000, priceMinor: 1_000_000_000 },
  }));
  const largest = { ...receipt, saleId: 's'.repeat(64), buyerId: '\u0001'.repeat(255), lines };

  assert.equal(receipts.read(token), receipt);
  assert.equal(receipts.read(receipts.sign(largest)), largest);
  assert.equal(
    receipts.read(receipts.sign({ ...receipt, buyerId: '__proto__"\\\u2028🎟' }))?.buyerId,
    '__proto__"\\\u2028🎟',
  );
});

test('no part of a token can be changed: not the buyer, the lines, the price, the deadline or the version', () => {
  const parts = JSON.parse(Buffer.from(body, 'base64url').toString()) as unknown[];
  const others = ['other', 'other', 'mallory', 'USD', 0, 9_999_999_999_999, [['ga', 2, 0]]];
  for (const [index, other] of others.entries()) {
    assert.is(receipts.read(`${version}.${encode(parts.with(index, other))}.${signature}`), null, String(index));
  }
  for (const other of ['h2', 'H1', 'h1 ', '', 'h01', 'none']) {
    assert.is(receipts.read(`${other}.${body}.${signature}`), null, other);
    const resigned = createHmac('sha256', secret).update(`${other}.${body}`).digest('base64url');
    assert.is(receipts.read(`${other}.${body}.${resigned}`), null, other);
  }
});

test('a signature is whole, in its one spelling, and by our secret', () => {
  const bytes = Buffer.from(signature, 'base64url');
  const spellings = [
    ...['', signature.slice(0, -1), `${signature}A`, `${signature}=`, ` ${signature}`, `${signature}\n`],
    ...[bytes.toString('hex'), `${bytes.toString('base64')}`, signature.toLowerCase(), 'é'.repeat(43)],
    createHmac('sha256', secret).update(body).digest('base64url'),
    createHmac('sha256', '').update(`${version}.${body}`).digest('base64url'),
  ];
  for (const other of spellings) assert.is(receipts.read(`${version}.${body}.${other}`), null, other);
  for (const other of [`${version}.${body}`, `${token}.`, `${token}.x`, `.${token}`, '', '..', 'h1..']) {
    assert.is(receipts.read(other), null, other);
  }
  assert.is(createReceipts(`${secret}2`).read(token), null);
});

test('the last character has spare bits, and only one way to set them is ours', () => {
  const bytes = Buffer.from(signature, 'base64url');
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const twins = Array.from(letters, (last) => signature.slice(0, -1) + last).filter(
    (twin) => twin !== signature && Buffer.from(twin, 'base64url').equals(bytes),
  );

  assert.is(twins.length, 3);
  for (const twin of twins) assert.is(receipts.read(`${version}.${body}.${twin}`), null);
});

test('an access token is no hold token, and what is too long is not looked at', () => {
  assert.is(receipts.read(signToken({ secret, sub: 'alice', ttlSeconds: 600 })), null);
  assert.is(receipts.read(`h1.${'a'.repeat(10_000)}.${signature}`), null);
});

import * as assert from 'uvu/assert';
import { suite } from '../../testing/suite.ts';
import { createSeenTokens } from './seen-tokens.ts';

const test = suite('seen tokens');
const nowMs = 1_900_000_000_000;
const minute = 60_000;
const alice = { buyerId: 'alice', isAdmin: false, expiresAtMs: nowMs + 60 * minute };
const bob = { ...alice, buyerId: 'bob' };

test('where verifying is cheap, a token is kept from the second time on', () => {
  const seen = createSeenTokens({ cheapToVerify: true });

  seen.keep('aaa.bbb.signature-of-alice', alice, nowMs);
  const afterOne = seen.find('aaa.bbb.signature-of-alice', nowMs);
  seen.keep('aaa.bbb.signature-of-alice', alice, nowMs);
  const afterTwo = seen.find('aaa.bbb.signature-of-alice', nowMs);

  assert.is(afterOne, undefined);
  assert.is(afterTwo?.buyerId, 'alice');
});

test('where verifying is dear, a token is kept the first time', () => {
  const seen = createSeenTokens({ cheapToVerify: false });

  seen.keep('aaa.bbb.signature-of-alice', alice, nowMs);

  assert.is(seen.find('aaa.bbb.signature-of-alice', nowMs)?.buyerId, 'alice');
});

test('a token with the same end, or another end, is nobody until it was verified itself', () => {
  const seen = createSeenTokens({ cheapToVerify: true });
  for (let times = 0; times < 2; times += 1) seen.keep('aaa.bbb.the-same-end', alice, nowMs);

  assert.is(seen.find('aaa.other.the-same-end', nowMs), undefined);
  assert.is(seen.find('aaa.bbb.the-same-enD', nowMs), undefined);
  assert.is(seen.find('end', nowMs), undefined);
  assert.is(seen.find('', nowMs), undefined);

  // Its mark is that of the first one, so it is kept at once; each still names its own caller.
  seen.keep('aaa.other.the-same-end', bob, nowMs);
  assert.is(seen.find('aaa.other.the-same-end', nowMs)?.buyerId, 'bob');
  assert.is(seen.find('aaa.bbb.the-same-end', nowMs)?.buyerId, 'alice');
});

test('a token is trusted for five minutes, and never beyond its own end', () => {
  for (const cheapToVerify of [true, false]) {
    const seen = createSeenTokens({ cheapToVerify });
    const short = { ...bob, expiresAtMs: nowMs + minute };
    for (let times = 0; times < 2; times += 1) {
      seen.keep('a.long.lived-token', alice, nowMs);
      seen.keep('a.short.lived-token-of-bob', short, nowMs);
    }

    assert.is(seen.find('a.long.lived-token', nowMs + 5 * minute - 1)?.buyerId, 'alice');
    assert.is(seen.find('a.long.lived-token', nowMs + 5 * minute), undefined);
    assert.is(seen.find('a.short.lived-token-of-bob', nowMs + minute - 1)?.buyerId, 'bob');
    assert.is(seen.find('a.short.lived-token-of-bob', nowMs + minute), undefined);
  }
});

test('of tokens that come once next to none are kept', () => {
  const seen = createSeenTokens({ cheapToVerify: true });
  let found = 0;

  for (let n = 0; n < 200_000; n += 1) {
    const token = `aaa.bbb.${Math.imul(n, 0x9e3779b1).toString(36)}-${n.toString(36)}-end`;
    seen.keep(token, alice, nowMs);
    if (seen.find(token, nowMs) !== undefined) found += 1;
  }

  assert.ok(found < 100, `${found} were kept the first time`);
});

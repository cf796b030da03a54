import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { suite } from '../testing/suite.ts';
import { createHmacSha256 } from './hmac.ts';

const test = suite('hmac');

/** Those of RFC 4231 whose keys and data are text. */
const vectors = [
  ['Jefe', 'what do ya want for nothing?', '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843'],
  ['\u000b'.repeat(20), 'Hi There', 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7'],
] as const;

test('the vectors of RFC 4231 come out', () => {
  for (const [key, data, expected] of vectors) {
    assert.is(Buffer.from(createHmacSha256(key)(data), 'base64url').toString('hex'), expected);
  }
});

test('it is what createHmac makes, for any key and text, one after another', () => {
  const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary', minLength: 60, maxLength: 300 }));

  fc.assert(
    fc.property(text, fc.array(text, { minLength: 1, maxLength: 4 }), (key, texts) => {
      const hmac = createHmacSha256(key);
      for (const each of texts) {
        assert.is(hmac(each), createHmac('sha256', Buffer.from(key, 'utf8')).update(each, 'utf8').digest('base64url'));
      }
    }),
  );
});

test('lengths around every bound come out too, and a long text leaves nothing behind', () => {
  const secret = 's'.repeat(40);
  const hmac = createHmacSha256(secret);

  for (const length of [0, 1, 55, 56, 63, 64, 65, 8191, 8192, 8193, 30_000, 3]) {
    for (const char of ['a', 'é', '€', '\ud83d\ude00', '\ud800']) {
      const text = char.repeat(length);
      assert.is(
        hmac(text),
        createHmac('sha256', secret).update(text, 'utf8').digest('base64url'),
        `${char} × ${length}`,
      );
    }
  }
});

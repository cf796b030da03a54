import * as assert from 'uvu/assert';
import { suite } from '../../src/testing/suite.ts';
import { atFixedRate } from './fixed-rate.ts';
import { reserveRequest } from './request.ts';
import { withServer } from './testing.ts';

const test = suite('load at a fixed rate');

const buyers = Array.from({ length: 60 }, (_, index) => `buyer-${index}`);

test('everybody presses once and is answered, and refusals are counted as such', async () => {
  await withServer(async ({ baseUrl, seen }) => {
    const load = await atFixedRate(1000)({
      baseUrl,
      requests: buyers.map((buyer) => reserveRequest('sale', buyer)),
      ...{ connections: 4, seconds: 0 },
    });
    assert.is(seen.length, 0, 'nothing is sent before it fires');
    const fired = await load.fire();

    assert.equal(seen.toSorted(), buyers.map((buyer) => `Bearer ${buyer}`).toSorted());
    assert.equal([fired.answers, fired.refused, fired.errors, fired.ranOut], [60, 36, 0, true]);
    // The last of them is due 59 ms after the first, so it cannot be over before.
    assert.ok(fired.seconds >= 0.059, `${fired.seconds} s`);
    assert.ok(fired.p50Ms > 0 && fired.p50Ms <= fired.p99Ms);
  });
});

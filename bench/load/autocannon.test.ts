import * as assert from 'uvu/assert';
import { suite } from '../../src/testing/suite.ts';
import { byAutocannon } from './autocannon.ts';
import { reserveRequest } from './request.ts';
import { withServer } from './testing.ts';

const test = suite('load by autocannon', { timeoutMs: 30_000 });

test('every request is sent once, also where the connections cannot share them evenly', async () => {
  const buyers = Array.from({ length: 103 }, (_, index) => `buyer-${index}`);

  await withServer(async ({ baseUrl, seen }) => {
    const requests = buyers.map((buyer) => reserveRequest('sale', buyer));
    const load = await byAutocannon({ baseUrl, requests, connections: 10, seconds: 10 });
    const fired = await load.fire();

    assert.equal(seen.toSorted(), buyers.map((buyer) => `Bearer ${buyer}`).toSorted());
    assert.equal([fired.answers, fired.errors, fired.ranOut], [103, 0, true]);
  });
});

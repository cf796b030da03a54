import * as assert from 'uvu/assert';
import { startServer } from '../../src/server.ts';
import { openTestEngine } from '../../src/testing/engine.ts';
import { suite } from '../../src/testing/suite.ts';
import { fuzz } from './run.ts';

const test = suite('fuzz', { timeoutMs: 120_000 });
const { config, databaseUrl, close } = await openTestEngine();
test.after(close);
const secret = config.auth.jwtSecret ?? '';

test('1,500 bad requests are refused as documented, none with a 5xx, and neither store changes', async () => {
  // A 503 would be a finding, also one of a machine in a bad hour; the client itself waits for 15 s.
  const deadlines = { requestDeadlineMs: 14_000, confirmDeadlineMs: 14_000, adminDeadlineMs: 14_000 };
  const server = await startServer({ ...config, http: { ...config.http, ...deadlines } });
  const stores = { redisUrl: config.redis.url, keyPrefix: config.redis.keyPrefix, databaseUrl };
  try {
    const input = { baseUrl: server.address, secret, stores, seed: 1, requests: 1500, connections: 4 };
    const { findings, bad } = await fuzz(input);

    assert.equal(
      findings.map((finding) => Object.values(finding).join(' | ').slice(0, 400)),
      [],
    );
    const sent = Object.values(bad.mutations()).reduce((sum, count) => sum + count, 0);
    assert.is(sent, 1500);
  } finally {
    await server.close();
  }
});

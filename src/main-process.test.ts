import * as assert from 'uvu/assert';
import { loadConfig } from './config.ts';
import { stopLimitMs } from './main-process.ts';
import { suite } from './testing/suite.ts';

const test = suite('main process');

const config = (env: Record<string, string>) =>
  loadConfig({
    REDIS_URL: 'redis://127.0.0.1:6379',
    DATABASE_URL: 'mysql://onsale@127.0.0.1:3306/onsale',
    AUTH_JWT_SECRET: 'x'.repeat(32),
    ...env,
  });

test('an end has 30 s by default', () => {
  assert.is(stopLimitMs(config({})), 30_000);
});

test('what was configured for draining and for requests under way is never cut short', () => {
  assert.is(stopLimitMs(config({ DRAIN_DELAY_MS: '20000', SHUTDOWN_GRACE_MS: '60000' })), 85_000);
});

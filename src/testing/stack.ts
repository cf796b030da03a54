import { randomBytes } from 'node:crypto';
import { type Config, loadConfig, loadStoreUrls } from '../config.ts';

/** The stores of this test run. The runner starts them and says where; they are shared, so isolate by fresh ids. */
export const stack = {
  get redisUrl(): string {
    return given('REDIS_URL', loadStoreUrls().redis);
  },
  get databaseUrl(): string {
    return given('DATABASE_URL', loadStoreUrls().mysql);
  },
};

/** An id that no other test uses, such as `sale-3f9c2b7e41d0`; a prefix of up to 51 characters keeps it a valid id. */
export function freshId(prefix: string): string {
  return `${prefix}-${randomBytes(6).toString('hex')}`;
}

/** Time-outs that a machine in a bad hour does not reach. A test of a time-out says how long its own is. */
export const patience = {
  REDIS_COMMAND_TIMEOUT_MS: '10000',
  MYSQL_CONNECT_TIMEOUT_MS: '10000',
  MYSQL_QUERY_TIMEOUT_MS: '10000',
  MYSQL_LOCK_WAIT_SECONDS: '8',
  CONFIRM_DEADLINE_MS: '15000',
};

/** The configuration of a process on this stack; `env` overrides single variables, by their names in the environment. */
export function testConfig(env: Record<string, string> = {}): Config {
  return loadConfig({
    NODE_ENV: 'test',
    LOG_LEVEL: 'silent',
    HOST: '127.0.0.1',
    PORT: '0',
    AUTH_JWT_SECRET: 'a secret that only tests use, 32+',
    REDIS_URL: stack.redisUrl,
    DATABASE_URL: stack.databaseUrl,
    ...env,
  });
}

function given(name: string, url: string | null): string {
  if (url === null) throw new Error(`${name} is not set: run this file by "npm test -- <part of its name>"`);
  return url;
}

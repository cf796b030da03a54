import * as assert from 'uvu/assert';
import { ConfigError, loadConfig } from './config.ts';
import { suite } from './testing/suite.ts';

const test = suite('config');

const secret = 'x'.repeat(32);
const complete = {
  REDIS_URL: 'redis://127.0.0.1:6379',
  DATABASE_URL: 'mysql://onsale:secret@127.0.0.1:3306/onsale',
  AUTH_JWT_SECRET: secret,
};

function problemsOf(env: NodeJS.ProcessEnv): string[] {
  try {
    loadConfig(env);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

test('three variables are enough', () => {
  const config = loadConfig(complete);

  assert.is(config.http.port, 3000);
  assert.is(config.redis.keyPrefix, 'onsale:2');
  assert.is(config.hold.leaseMs, 5000);
  assert.equal(config.http.corsOrigins, []);
  assert.equal(config.metrics, { port: null, token: null });
});

test('every problem is reported at once', () => {
  const problems = problemsOf({ PORT: 'many', LOG_LEVEL: 'loud', HOLD_LEASE_MS: '0', CORS_ORIGINS: 'shop' });

  for (const name of [
    'PORT',
    'LOG_LEVEL',
    'HOLD_LEASE_MS',
    'CORS_ORIGINS',
    'REDIS_URL',
    'DATABASE_URL',
    'AUTH_JWT_SECRET',
  ]) {
    assert.ok(
      problems.some((problem) => problem.startsWith(name)),
      `${name} is missing in ${problems.join('; ')}`,
    );
  }
});

test('a problem never shows the value', () => {
  const problems = problemsOf({ ...complete, AUTH_JWT_SECRET: 'too-short', DATABASE_URL: 'mysql://u:hidden@h' });

  assert.is(problems.length, 2);
  assert.not.match(problems.join(), /too-short|hidden/);
});

test('an empty variable is an absent one', () => {
  assert.is(loadConfig({ ...complete, PORT: '', METRICS_PORT: '' }).http.port, 3000);
  assert.equal(problemsOf({ ...complete, REDIS_URL: '' }), ['REDIS_URL is required']);
});

test('there is no default secret', () => {
  const { AUTH_JWT_SECRET: _, ...rest } = complete;

  assert.equal(problemsOf(rest), ['AUTH_JWT_SECRET or AUTH_JWKS_URL is required']);
});

test('keys of a provider need an issuer, an audience and a secret for hold tokens', () => {
  const env = { ...complete, AUTH_JWT_SECRET: '', AUTH_JWKS_URL: 'https://id.example/keys' };

  assert.is(problemsOf(env).length, 3);
  assert.equal(
    problemsOf({ ...env, AUTH_ISSUER: 'https://id.example', AUTH_AUDIENCE: 'onsale', HOLD_TOKEN_SECRET: secret }),
    [],
  );
});

test('two ways of checking tokens are refused', () => {
  assert.is(problemsOf({ ...complete, AUTH_JWKS_URL: 'https://id.example/keys' }).length, 1);
});

test('derived secrets are stable and differ from each other and from their root', () => {
  const { secrets } = loadConfig(complete);

  assert.equal(loadConfig(complete).secrets, secrets);
  assert.is(new Set([...Object.values(secrets), secret]).size, 4);
});

test('ids of holds follow the secret of hold tokens, not that of access tokens', () => {
  const own = { ...complete, HOLD_TOKEN_SECRET: 'y'.repeat(32) };

  assert.is(loadConfig(own).secrets.holdToken, own.HOLD_TOKEN_SECRET);
  assert.equal(loadConfig({ ...own, AUTH_JWT_SECRET: 'z'.repeat(32) }).secrets, loadConfig(own).secrets);
});

test('origins are split and checked', () => {
  const config = loadConfig({ ...complete, CORS_ORIGINS: 'https://a.example, http://localhost:5173' });

  assert.equal(config.http.corsOrigins, ['https://a.example', 'http://localhost:5173']);
  assert.is(problemsOf({ ...complete, CORS_ORIGINS: 'https://a.example/path' }).length, 1);
});

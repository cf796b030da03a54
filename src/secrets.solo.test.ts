import { Redis } from 'ioredis';
import { createConnection } from 'mysql2/promise';
import * as assert from 'uvu/assert';
import { signToken } from '../scripts/sign-token.ts';
import { freePort } from '../scripts/stores/ports.ts';
import { startPrivateMysql, startPrivateRedis } from '../scripts/stores.ts';
import { migrateToLatest } from './mysql/migrate.ts';
import { type Program, startProgram } from './testing/program.ts';
import { suite } from './testing/suite.ts';
import { until } from './testing/until.ts';

const test = suite('secrets', { timeoutMs: 150_000 });

/** Each is told to a program, and none of them may ever come back. They have letters that encodings change. */
const secrets = {
  redisPassword: 'redis+pa55/word=of~the_tests',
  mysqlPassword: 'mysql+pa55/word=of~the_tests',
  jwtSecret: 'jwt+secret/of=the~tests_which_is_long',
  holdTokenSecret: 'hold+secret/of=the~tests_which_is_long',
  metricsToken: 'metrics+token/of=the~tests',
};

const [redis, mysql] = await Promise.all([
  startPrivateRedis({ args: ['--requirepass', secrets.redisPassword] }),
  startPrivateMysql({ password: secrets.mysqlPassword }),
]);
test.after(async () => {
  await Promise.all(started.map((program) => program.end()));
  await Promise.all([redis.stop(), mysql.stop()]);
});
const redisUrl = (password: string) => `redis://:${encodeURIComponent(password)}@127.0.0.1:${redis.port}`;
const databaseUrl = (password: string) =>
  `mysql://onsale:${encodeURIComponent(password)}@127.0.0.1:${mysql.port}/onsale`;
await migrateToLatest(databaseUrl(secrets.mysqlPassword));

const environment = {
  NODE_ENV: 'production',
  LOG_LEVEL: 'trace',
  HOST: '127.0.0.1',
  PORT: '0',
  START_WAIT_MS: '5000',
  REDIS_URL: redisUrl(secrets.redisPassword),
  DATABASE_URL: databaseUrl(secrets.mysqlPassword),
  AUTH_JWT_SECRET: secrets.jwtSecret,
  HOLD_TOKEN_SECRET: secrets.holdTokenSecret,
  METRICS_TOKEN: secrets.metricsToken,
};

const started: Program[] = [];

function start(file: 'src/server.ts' | 'src/worker.ts', changes: Record<string, string>): Program {
  const program = startProgram(file, { ...environment, ...changes });
  started.push(program);
  return program;
}

/** A secret as it may be written: as it is, escaped for a URL, or in an encoding that anybody can undo. */
function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  // The ends of base64 depend on what stands before and after; its middle does not.
  const base64 = [0, 1, 2].map((shift) =>
    Buffer.concat([Buffer.alloc(shift), bytes])
      .toString('base64')
      .slice(4, -4),
  );
  const url = base64.map((text) => text.replaceAll('+', '-').replaceAll('/', '_'));
  return [secret, encodeURIComponent(secret), bytes.toString('hex'), ...base64, ...url];
}

/** The names of the secrets that a text gives away. */
function told(text: string, all: Record<string, string>): string[] {
  return Object.entries(all)
    .filter(([, secret]) => formsOf(secret).some((form) => text.includes(form)))
    .map(([name]) => name);
}

test('the search finds a secret in each of its forms', () => {
  const secret = secrets.jwtSecret;
  const texts = [
    `"${secret}"`,
    redisUrl(secret),
    Buffer.from(`default:${secret}!`).toString('base64'),
    Buffer.from(`x${secret}`).toString('base64url'),
    Buffer.from(secret).toString('hex'),
  ];

  for (const text of texts) assert.equal(told(text, { secret }), ['secret'], text);
  assert.equal(told('jwt secret of the tests', { secret }), []);
});

test('a start that fails says why, and none of what it was told in confidence', async () => {
  const short = 'too+short/secret';
  const wrong = 'a+wrong/password=which~nobody_has';
  const misread = {
    AUTH_JWT_SECRET: short,
    HOLD_TOKEN_SECRET: short,
    METRICS_TOKEN: short.slice(0, 15),
    AUTH_JWKS_URL: `ftp://user:${encodeURIComponent(wrong)}@127.0.0.1:1/`,
    REDIS_URL: redisUrl(wrong).replace('redis:', 'http:'),
    DATABASE_URL: databaseUrl(wrong).replace('/onsale', ''),
  };
  const unreachable = { REDIS_URL: redisUrl(wrong), DATABASE_URL: databaseUrl(wrong) };
  const bad: [Record<string, string>, RegExp][] = [
    [misread, /AUTH_JWT_SECRET[\s\S]*HOLD_TOKEN_SECRET|METRICS_TOKEN[\s\S]*AUTH_JWT_SECRET/],
    [{ REDIS_URL: wrong, DATABASE_URL: wrong }, /REDIS_URL[\s\S]*DATABASE_URL/],
    [{ REDIS_URL: redisUrl(wrong) }, /WRONGPASS/],
    [{ DATABASE_URL: databaseUrl(wrong) }, /MySQL/],
    [unreachable, /WRONGPASS|MySQL/],
  ];
  const all = { ...secrets, short: short.slice(0, 15), wrong };
  await Promise.all(
    bad.map(async ([changes, why]) => {
      const program = start('src/server.ts', changes);
      const code = await program.exited;

      assert.is(code, 1, Object.keys(changes).join());
      assert.match(program.output(), why);
      assert.equal(told(program.output(), all), [], program.output());
    }),
  );
});

const person = (sub: string, scope?: string) => signToken({ secret: secrets.jwtSecret, sub, scope, ttlSeconds: 3600 });

test('no log and no answer of a server and a worker tells a secret, whatever goes wrong', async () => {
  const port = await freePort();
  const server = start('src/server.ts', { PORT: String(port) });
  const worker = start('src/worker.ts', {});
  const tokens = { admin: person('ops', 'admin'), buyer: person('alice'), forged: `${person('mallory')}AAAA` };
  const key = 'idempotency+key/of=the~tests';
  const answers: string[] = [];
  const ask = async (method: string, path: string, bearer: string | null, body?: unknown) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      headers: {
        ...(bearer === null ? {} : { authorization: `Bearer ${bearer}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json', 'idempotency-key': key }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    answers.push(JSON.stringify([...response.headers]), text);
    return { status: response.status, json: () => JSON.parse(text) as Record<string, string> };
  };
  const statusOf = async (path: string) => (await ask('GET', path, tokens.buyer)).status;
  await until(
    'the server',
    () =>
      statusOf('/readyz').then(
        (status) => status === 200,
        () => false,
      ),
    90_000,
  );

  const ticketTypes = [{ ticketTypeId: 'ga', name: 'GA', priceMinor: 1, capacity: 10 }];
  const sale = { saleId: 'gala', title: 'Gala', currency: 'EUR', opensAt: '2026-01-01T00:00:00Z', ticketTypes };
  await ask('POST', '/admin/sales', tokens.admin, { ...sale, holdTtlSeconds: 600, buyerTicketsMax: 4 });
  const reserve = () =>
    ask('POST', '/purchase/reserve', tokens.buyer, { saleId: 'gala', lines: [{ ticketTypeId: 'ga', quantity: 1 }] });
  const held = await until('a hold', async () => reserve().then((answer) => (answer.status < 300 ? answer : null)));
  const holdToken = held.json()['token'] ?? '';
  const confirm = () => ask('POST', '/purchase/confirm', tokens.buyer, { token: holdToken });

  /** Waits until the processes have met it: what is to be searched must have been logged. */
  const isLogged = (words: RegExp) =>
    until(`${words} in the logs`, () => words.test(server.output() + worker.output()));
  const mischief = async () => {
    for (const bearer of [null, tokens.forged, holdToken, secrets.metricsToken]) await ask('GET', '/orders', bearer);
    for (const bearer of [null, tokens.buyer, secrets.metricsToken]) await ask('GET', '/metrics', bearer);
    await ask('POST', '/purchase/confirm', tokens.buyer, { token: `${holdToken}x` });
    await ask('POST', '/purchase/confirm', tokens.forged, { token: holdToken });
    for (const path of ['/health', '/orders', '/admin/orders', '/purchase/holds', '/coupons'])
      await ask('GET', path, tokens.admin);
    await ask('POST', '/admin/sales/gala/resync', tokens.admin, { reason: 'why not' });
    await reserve();
    await confirm();
  };
  await mischief();
  const database = await createConnection(databaseUrl(secrets.mysqlPassword));
  const client = new Redis(redisUrl(secrets.redisPassword));
  client.on('error', () => undefined);

  // Statements that fail: a table that is gone is a bug to the engine, and logged with all that is known of it.
  await database.query('RENAME TABLE order_lines TO order_lines_away, admin_requests TO admin_requests_away');
  await mischief();
  await isLogged(/doesn't exist/);
  await database.query('RENAME TABLE order_lines_away TO order_lines, admin_requests_away TO admin_requests');
  // Passwords that are right no more, for everybody who has to connect again.
  await database.query("ALTER USER 'onsale'@'127.0.0.1' IDENTIFIED BY 'changed'");
  const [sessions] = await database.query(
    "SELECT id FROM information_schema.processlist WHERE user = 'onsale' AND id <> CONNECTION_ID()",
  );
  for (const { id } of sessions as { id: number }[]) await database.query(`KILL ${id}`).catch(() => undefined);
  await mischief();
  await isLogged(/Access denied/);
  await client.config('SET', 'requirepass', 'changed');
  await client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
  await mischief();
  await isLogged(/WRONGPASS|NOAUTH/);
  await redis.kill9();
  await mysql.kill9();
  await mischief();
  await isLogged(/ECONNREFUSED/);
  client.disconnect();
  database.destroy();
  await Promise.all([server.end(), worker.end()]);

  const logs = server.output() + worker.output();
  assert.equal(told(logs, { ...secrets, ...tokens, holdToken, key }), []);
  assert.equal(told(answers.join('\n'), { ...secrets, ...tokens, key }), []);
  assert.ok(answers.some((text) => text.includes('internal_error')));
});

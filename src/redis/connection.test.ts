import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import * as assert from 'uvu/assert';
import { startPrivateRedis } from '../../scripts/stores/redis.ts';
import { SaleLostError, UnavailableError } from '../domain/errors.ts';
import { redisAnswers } from '../probe.ts';
import { connectConsumer } from '../queue/connection.ts';
import { callsOn, placing } from '../testing/redis-calls.ts';
import { putSale } from '../testing/redis-sale.ts';
import { countOf, holdOf } from '../testing/redis-state.ts';
import { suite } from '../testing/suite.ts';
import { failureOf, until, within } from '../testing/until.ts';
import { closeRedis, connectRedis, type Redis, waitForRedis } from './connection.ts';
import { command } from './script.ts';

const test = suite('connection', { timeoutMs: 60_000 });
const server = await startPrivateRedis();
const opened: Redis[] = [];
const nowMs = 1_800_000_060_000;

test.after.each(async () => {
  for (const redis of opened.splice(0)) closeRedis(redis);
  // A test that failed half-way must not take the others with it.
  if (!(await redisAnswers({ host: '127.0.0.1', port: server.port }))) await server.restart();
});
test.after(() => server.stop());

const options = {
  keyPrefix: 'test',
  // What is not about the time-out itself has longer than a machine in a bad hour takes.
  commandTimeoutMs: 5_000,
  // A server that is killed or stopped is what these tests are about.
  onError: () => undefined,
};

/** A connection as a server process has it. */
function connect(commandTimeoutMs = options.commandTimeoutMs): Redis {
  const redis = connectRedis({ ...options, url: server.url, commandTimeoutMs, clock: () => nowMs });
  opened.push(redis);
  return redis;
}

async function connected(commandTimeoutMs?: number): Promise<Redis> {
  const redis = connect(commandTimeoutMs);
  await waitForRedis(redis, 10_000);
  return redis;
}

/** Resolves when the connection has noticed that its server is gone. */
function disconnected(redis: Redis): Promise<boolean> {
  return until('the loss of the connection', () => {
    try {
      return !redis.session();
    } catch {
      // It says so by throwing.
      return true;
    }
  });
}

/** Stops the server as a machine that hangs would, and lets it go on afterwards whatever happens. */
async function whileStopped(work: () => Promise<void>): Promise<void> {
  process.kill(server.pid, 'SIGSTOP');
  try {
    await work();
  } finally {
    process.kill(server.pid, 'SIGCONT');
  }
}

test('nothing is sent before the run of the server is known', async () => {
  const redis = connect();

  const error = await failureOf(() => callsOn(redis).place('sale-1', placing()));

  assert.instance(error, UnavailableError);
  assert.is((error as UnavailableError).cause, undefined, 'nothing was done, which is certain');
  await waitForRedis(redis, 10_000);
  assert.match(redis.session().runId, /^[0-9a-f]{40}$/);
});

test('a server that accepts and does not answer is not connected, and is as soon as it answers', async () => {
  let redis: Redis | null = null;

  await whileStopped(async () => {
    redis = connect(300);
    await sleep(500);
    const current = redis;
    assert.throws(() => current.session(), /not connected/);
    assert.instance(await failureOf(() => command(current, (client) => client.ping())), UnavailableError);
  });

  await waitForRedis(redis as unknown as Redis, 10_000);
});

test('the run id is that of the server', async () => {
  const redis = await connected();

  const info = await redis.client.info('server');

  assert.ok(info.includes(`run_id:${redis.session().runId}`));
  assert.is(redis.session(), redis.session());
});

test('a server that was killed and started again is another run, and what it still knows is lost', async () => {
  const redis = await connected();
  const saleId = await putSale(redis);
  await sleep(1100);
  const before = redis.session();

  await server.kill9();
  await disconnected(redis);
  await server.restart();
  await waitForRedis(redis, 10_000);

  assert.is.not(redis.session(), before);
  assert.is.not(redis.session().runId, before.runId);
  const known = await redis.client.hget(`test:{${saleId}}:sale`, 'run');
  assert.is(known, before.runId, 'the sale itself outlived the crash');
  assert.instance(await failureOf(() => callsOn(redis).place(saleId, placing())), SaleLostError);
});

test('a script that the killed server has not answered is unknown to its caller and never sent again', async () => {
  const redis = await connected();
  const saleId = await putSale(redis);
  const hold = placing();
  await sleep(1100);
  process.kill(server.pid, 'SIGSTOP');

  const unanswered = failureOf(() => callsOn(redis).place(saleId, hold));
  await sleep(50);
  await server.kill9();
  const error = await unanswered;
  await server.restart();
  await waitForRedis(redis, 10_000);
  await sleep(200);

  assert.instance(error, UnavailableError);
  assert.ok((error as UnavailableError).cause, 'whether it was done is unknown');
  assert.equal([await countOf(redis, 'evalsha'), await countOf(redis, 'eval')], [0, 0]);
  assert.is(await holdOf(redis, saleId, hold.holdId), null);
});

test('commands fail fast while the server hangs, and work again afterwards', async () => {
  const saleId = await putSale(await connected());
  const redis = await connected(800);
  const calls = callsOn(redis);

  await whileStopped(async () => {
    const failures = [
      failureOf(() => calls.place(saleId, placing())),
      failureOf(() => command(redis, (client) => client.ping())),
    ];
    const errors = await within(1_000, Promise.all(failures));

    assert.is.not(errors, 'late');
    for (const error of errors) assert.instance(error, UnavailableError);
  });

  await waitForRedis(redis, 10_000);
  assert.is((await calls.place(saleId, placing({ buyerId: 'bob' }))).status, 'placed');
});

test('commands fail at once while the server is away, and nothing is queued for its return', async () => {
  const redis = await connected();
  await server.kill9();
  await disconnected(redis);

  const error = await within(
    1_000,
    failureOf(() => command(redis, (client) => client.set('test:queued', '1'))),
  );
  await server.restart();
  await waitForRedis(redis, 10_000);

  assert.instance(error, UnavailableError);
  assert.is(await redis.client.exists('test:queued'), 0);
});

test('waiting for a server that does not come ends when it was said to', async () => {
  const redis = connectRedis({ ...options, url: 'redis://127.0.0.1:1' });
  opened.push(redis);
  const startedAt = performance.now();

  const error = await failureOf(() => waitForRedis(redis, 200));

  assert.instance(error, UnavailableError);
  assert.ok(performance.now() - startedAt >= 200);
});

test('waiting for a server that refuses us says why, and never with what', async () => {
  const guarded = await startPrivateRedis();
  try {
    const admin = connectRedis({ ...options, url: guarded.url });
    opened.push(admin);
    await waitForRedis(admin, 10_000);
    await admin.client.config('SET', 'requirepass', 'the right one');
    const wrong = connectRedis({ ...options, url: guarded.url.replace('//', '//:the-wrong-one@') });
    const none = connectRedis({ ...options, url: guarded.url });
    opened.push(wrong, none);

    const [refused, unnamed] = await Promise.all([
      failureOf(() => waitForRedis(wrong, 2_000)),
      failureOf(() => waitForRedis(none, 2_000)),
    ]);

    assert.match(refused.message, /WRONGPASS/);
    assert.not.match(inspect(refused, { depth: 9 }), /the-wrong-one/);
    assert.match(unnamed.message, /NOAUTH/);
  } finally {
    await guarded.stop();
  }
});

test('a patient connection waits for the server to come back', async () => {
  const client = connectConsumer(server.url, () => undefined);
  await client.ping();
  await server.kill9();

  const answer = client.ping();
  await server.restart();

  assert.is(await answer, 'PONG');
  client.disconnect();
});

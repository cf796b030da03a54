import { setImmediate as nextTurn } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { startPrivateRedis } from '../../scripts/stores/redis.ts';
import { SaleLostError, UnavailableError } from '../domain/errors.ts';
import { callsOn, placing } from '../testing/redis-calls.ts';
import { putSale } from '../testing/redis-sale.ts';
import { countOf, holdOf } from '../testing/redis-state.ts';
import { suite } from '../testing/suite.ts';
import { failureOf } from '../testing/until.ts';
import { closeRedis, connectRedis, type Redis, waitForRedis } from './connection.ts';

const test = suite('scripts and their server', { timeoutMs: 60_000 });
const server = await startPrivateRedis();
const opened: Redis[] = [];

test.after.each(() => {
  for (const redis of opened.splice(0)) closeRedis(redis);
});
test.after(() => server.stop());

/** A connection that is not there yet, and what it complains of. */
function connect(url: string = server.url): { redis: Redis; problems: Error[] } {
  const problems: Error[] = [];
  const redis = connectRedis({
    ...{ url, keyPrefix: 'test', commandTimeoutMs: 5000, clock: () => 1_800_000_060_000 },
    onError: (error) => problems.push(error),
  });
  opened.push(redis);
  return { redis, problems };
}

async function connected(): Promise<Redis> {
  const { redis } = connect();
  await waitForRedis(redis, 10_000);
  return redis;
}

/** Resolves in the turn in which `attempt` does not throw any more. */
async function atOnceWhen(attempt: () => unknown): Promise<void> {
  for (;;) {
    try {
      attempt();
      return;
    } catch {
      // It says by throwing that it is not so yet.
      await nextTurn();
    }
  }
}

test('the first call on a server that has just started finds its script there', async () => {
  await server.restart();
  const { redis } = connect();

  await atOnceWhen(() => redis.session());
  const error = await failureOf(() => callsOn(redis).place('sale-1', placing()));

  assert.instance(error, SaleLostError);
  assert.equal([await countOf(redis, 'evalsha'), await countOf(redis, 'eval')], [1, 0]);
});

test('who may not give scripts to the server is connected all the same, and sends them with their first call', async () => {
  const admin = await connected();
  const saleId = await putSale(admin);
  await admin.client.acl('SETUSER', 'reader', 'on', '>pass', '~*', '&*', '+@all', '-script');
  await admin.client.script('FLUSH');
  const { redis, problems } = connect(server.url.replace('//', '//reader:pass@'));

  await waitForRedis(redis, 10_000);
  const reply = await callsOn(redis).place(saleId, placing());

  assert.is(reply.status, 'placed');
  assert.equal(
    problems.map(({ message }) => message),
    ['Redis did not take the scripts'],
  );
});

test('a server that has forgotten the scripts is given them, in the session that they were made for', async () => {
  const redis = await connected();
  const saleId = await putSale(redis);
  await redis.client.script('FLUSH');
  const evals = await countOf(redis, 'eval');

  const reply = await callsOn(redis).place(saleId, placing());
  const again = await callsOn(redis).place(saleId, placing());

  assert.equal([reply.status, again.status], ['placed', 'placed']);
  assert.is(await countOf(redis, 'eval'), evals + 1);
});

test('the source of a script is not sent in another session than its arguments were made for', async () => {
  const redis = await connected();
  const saleId = await putSale(redis);
  const hold = placing();
  await redis.client.script('FLUSH');
  // The connection is another one each time it is asked about, as if it broke between the two commands.
  const changing: Redis = { ...redis, session: () => ({ ...redis.session() }) };

  const error = await failureOf(() => callsOn(changing).place(saleId, hold));

  assert.instance(error, UnavailableError);
  assert.is(await holdOf(redis, saleId, hold.holdId), null);
});

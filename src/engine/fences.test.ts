import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { assertAgreement, inMysql, lockStock, mysqlOf, redisOf } from '../testing/agreement.ts';
import { hold, openSale, openTestEngine } from '../testing/engine.ts';
import { isCommit } from '../testing/mysql-wire.ts';
import { mentions, once, openProxy } from '../testing/proxy.ts';
import { holdOf } from '../testing/redis-state.ts';
import { stack } from '../testing/stack.ts';
import { suite } from '../testing/suite.ts';
import { persistently, until } from '../testing/until.ts';

const test = suite('words that come late');
const env = {
  HOLD_LEASE_MS: '200',
  HOLD_GRACE_MAX_MS: '1',
};
// It stands still until a test moves it: whatever begins before that begins in time.
const time = { nowMs: Date.now() };
const clock = () => time.nowMs;
const main = await openTestEngine(env, { clock });
const [toRedis, toMysql] = [await openProxy(stack.redisUrl), await openProxy(main.databaseUrl)];
const slow = await openTestEngine(
  { ...env, REDIS_URL: toRedis.url, DATABASE_URL: toMysql.url },
  { sharing: main, clock },
);
const redis = await redisOf(main);
const { engine } = main;
const lines = [{ ticketTypeId: 'std', quantity: 1 }];
test.after(async () => {
  await slow.close();
  await toRedis.close();
  await toMysql.close();
  redis.end();
  await main.close();
});

test('a sale that is paused while it is rebuilt is not put back as it was before', async () => {
  const saleId = await openSale(engine, 5);
  const key = `${redis.keyPrefix}:{${saleId}}:sale`;
  // So that Redis knows the script by its hash: the settings are then named by nothing but the staging.
  await hold(engine, { saleId, buyerId: 'bob' });
  toRedis.judge = once(mentions('holdTtlMs'), 'withhold');
  await redis.client.del(key);

  await slow.engine.reserve({ saleId, buyerId: 'alice', lines }).catch(() => null);
  await until('the rebuild has read MySQL', () => toRedis.harmed() > 0);
  await inMysql(main, 'UPDATE sales SET paused = 1, version = version + 1 WHERE id = ?', [saleId]);
  toRedis.release();
  await until('the sale is there', () => redis.client.exists(key).then((count) => count === 1));
  const outcome = await persistently(() => engine.reserve({ saleId, buyerId: 'alice', lines }));

  assert.is(outcome.status, 'sale_paused');
  await assertAgreement(main, saleId);
});

test('a confirm after all grace waits for MySQL instead of saying "expired" to a hold that is being sold', async () => {
  const saleId = await openSale(engine, 5);
  const { token, expiresAtMs } = await hold(engine, { saleId, buyerId: 'alice' });
  const lock = await lockStock(main, saleId);

  const first = engine.confirm({ buyerId: 'alice', token });
  await until('MySQL is at it', async () => (await lock.waiters()) === 1);
  // No grace is left then.
  time.nowMs = expiresAtMs + 50;
  const second = slow.engine.confirm({ buyerId: 'alice', token });
  // Time enough to answer too early; it must wait for the one under way.
  await sleep(300);
  await lock.release();

  const orders = (await Promise.all([first, second])).map((outcome) =>
    outcome.status === 'confirmed' ? outcome.order.orderId : outcome.status,
  );
  assert.is(orders[1], orders[0]);
  assert.is((await mysqlOf(main, saleId)).holds.length, 1);
  await assertAgreement(main, saleId);
});

test('recovery decides nothing about an orphan of an older epoch', async () => {
  const saleId = await openSale(engine, 5);
  const { token, holdId, expiresAtMs } = await hold(engine, { saleId, buyerId: 'alice' });
  toMysql.judge = once(isCommit, 'withhold');
  const before = toMysql.harmed();
  const confirm = slow.engine.confirm({ buyerId: 'alice', token }).catch(() => null);
  await until('COMMIT is on its way', () => toMysql.harmed() > before);
  toMysql.down();
  // Deadline and lease are over then.
  time.nowMs = expiresAtMs + 250;

  await inMysql(main, 'UPDATE sales SET epoch = epoch + 1 WHERE id = ?', [saleId]);
  await inMysql(main, 'UPDATE ticket_types SET epoch = epoch + 1 WHERE sale_id = ?', [saleId]);
  await engine.work.recoverSale(saleId);
  const decided = (await mysqlOf(main, saleId)).holds;
  const known = await holdOf(redis, saleId, holdId);
  toMysql.up();
  await confirm;

  assert.equal(decided, []);
  assert.is(known?.status, 'confirming');
});

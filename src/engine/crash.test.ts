import * as assert from 'uvu/assert';
import type { ConfirmOutcome } from '../domain/order.ts';
import { startJobs } from '../jobs/start.ts';
import { createLog } from '../log.ts';
import { assertAgreement, lockStock, mysqlOf, redisOf } from '../testing/agreement.ts';
import { admin, hold, openSale, openTestEngine, stockOf } from '../testing/engine.ts';
import { type EngineProcess, startEngineProcess } from '../testing/engine-process.ts';
import { isCommit } from '../testing/mysql-wire.ts';
import { once, openProxy, type Verdict } from '../testing/proxy.ts';
import { holdOf } from '../testing/redis-state.ts';
import { suite } from '../testing/suite.ts';
import { persistently, until } from '../testing/until.ts';

const test = suite('a server killed in the middle of a confirm');
const env = { HOLD_LEASE_MS: '250' };
// How far this process is ahead of the servers that it kills: a test goes over a deadline when all that belongs before it is done.
const time = { aheadMs: 0 };
const main = await openTestEngine(env, { clock: () => Date.now() + time.aheadMs });
const redis = await redisOf(main);
const { engine } = main;
const proxy = await openProxy(main.databaseUrl);
const children = [fork()];
const holdTtlMs = 60_000;
test.before.each(() => {
  time.aheadMs = 0;
});
test.after(async () => {
  for (const child of children) await (await child).kill9();
  redis.end();
  await proxy.close();
  await main.close();
});

function fork(): Promise<EngineProcess> {
  return startEngineProcess({ ...main, databaseUrl: proxy.url }, env);
}

/** A server in a process of its own, whose network to MySQL is the proxy; the next one is made ready meanwhile. */
async function startServer(): Promise<EngineProcess> {
  proxy.judge = () => 'pass';
  const server = children.at(-1) ?? fork();
  children.push(fork());
  return server;
}

/** Asks the server to confirm and kills it when its COMMIT has met `verdict` and MySQL stands as `reached` says. */
async function killInCommit(
  server: EngineProcess,
  input: { buyerId: string; token: string },
  { verdict, reached = () => true }: { verdict: Verdict; reached?: () => Promise<boolean> | boolean },
): Promise<void> {
  const harmedBefore = proxy.harmed();
  proxy.judge = once(isCommit, verdict);
  void server.call('confirm', input);
  await until('COMMIT was sent', () => proxy.harmed() > harmedBefore);
  await until('MySQL has done its part', reached);
  await server.kill9();
}

const outcomesOf = async (saleId: string) => (await mysqlOf(main, saleId)).holds.map((row) => row.outcome);
const isDecided = (saleId: string) => async () => (await outcomesOf(saleId)).length === 1;
const statusOf = async (saleId: string, holdId: string) => (await holdOf(redis, saleId, holdId))?.status;
const orderOf = (outcome: ConfirmOutcome) => (outcome.status === 'confirmed' ? outcome.order.orderId : outcome.status);

test('killed before COMMIT: after lease and deadline the hold is void and its tickets are back, once', async () => {
  const server = await startServer();
  const saleId = await openSale(engine, 3, { holdTtlMs, buyerTicketsMax: 2 });
  const { token, holdId } = await hold(engine, {
    saleId,
    buyerId: 'alice',
    lines: [{ ticketTypeId: 'std', quantity: 2 }],
  });

  await killInCommit(server, { buyerId: 'alice', token }, { verdict: 'withhold' });
  assert.is(await statusOf(saleId, holdId), 'confirming');
  await until(
    'its lease is over',
    async () => Number(await redis.client.zscore(`${redis.keyPrefix}:{${saleId}}:leases`, holdId)) < Date.now(),
  );
  await engine.work.recoverSale(saleId);
  const beforeDeadline = await outcomesOf(saleId);
  time.aheadMs = holdTtlMs;
  await until('deadline and recovery', async () => {
    await Promise.all([
      engine.work.recoverSale(saleId),
      engine.work.recoverSale(saleId),
      engine.work.sweepSale(saleId),
    ]);
    return (await stockOf(engine, saleId)).held === 0;
  });

  assert.equal(beforeDeadline, [], 'a void is never written before the deadline');
  assert.equal(await outcomesOf(saleId), ['void']);
  const stock = await stockOf(engine, saleId);
  assert.equal([stock.available, stock.sold], [3, 0]);
  assert.equal(await engine.confirm({ buyerId: 'alice', token }), { status: 'hold_expired' });
  await assertAgreement(main, saleId);
  const next = await hold(engine, { saleId, buyerId: 'alice', lines: [{ ticketTypeId: 'std', quantity: 2 }] });
  assert.is((await engine.confirm({ buyerId: 'alice', token: next.token })).status, 'confirmed');
  await assertAgreement(main, saleId);
});

test('killed before COMMIT: a repeat before the deadline buys, and it is a first answer', async () => {
  const server = await startServer();
  const saleId = await openSale(engine, 3);
  const { token } = await hold(engine, { saleId, buyerId: 'alice' });

  await killInCommit(server, { buyerId: 'alice', token }, { verdict: 'withhold' });
  const repeat = await engine.confirm({ buyerId: 'alice', token });

  assert.equal([repeat.status, repeat.status === 'confirmed' && repeat.replayed], ['confirmed', false]);
  assert.equal(await outcomesOf(saleId), ['sold']);
  await assertAgreement(main, saleId);
});

test('killed after COMMIT, before its answer: recovery makes the hold sold and the repeat is a replay', async () => {
  const server = await startServer();
  const saleId = await openSale(engine, 3);
  const { token, holdId } = await hold(engine, { saleId, buyerId: 'alice' });

  await killInCommit(server, { buyerId: 'alice', token }, { verdict: 'mute', reached: isDecided(saleId) });
  assert.is(await statusOf(saleId, holdId), 'confirming');
  await until('the lease is over', async () => {
    await engine.work.recoverSale(saleId);
    return (await statusOf(saleId, holdId)) === 'sold';
  });
  await assertAgreement(main, saleId);
  const repeat = await engine.confirm({ buyerId: 'alice', token });

  const [row] = (await mysqlOf(main, saleId)).holds;
  assert.equal([orderOf(repeat), repeat.status === 'confirmed' && repeat.replayed], [row?.orderId, true]);
  await assertAgreement(main, saleId);
});

test('killed after COMMIT: a repeat before recovery gets the same order as a replay', async () => {
  const server = await startServer();
  const saleId = await openSale(engine, 3, { holdTtlMs });
  const { token } = await hold(engine, { saleId, buyerId: 'alice' });

  await killInCommit(server, { buyerId: 'alice', token }, { verdict: 'mute', reached: isDecided(saleId) });
  const repeat = await engine.confirm({ buyerId: 'alice', token });
  time.aheadMs = holdTtlMs;
  const late = await engine.confirm({ buyerId: 'alice', token });

  assert.equal(repeat.status === 'confirmed' && repeat.replayed, true);
  assert.equal(late, repeat, 'a deadline that passes afterwards takes nothing away');
  await assertAgreement(main, saleId);
});

test('fifty confirms under way when the server dies: the workers settle every one, and nothing is lost or doubled', async () => {
  const server = await startServer();
  const saleId = await openSale(engine, 60, { holdTtlMs, buyerTicketsMax: 1 });
  const holds = await Promise.all(Array.from({ length: 50 }, (_, n) => hold(engine, { saleId, buyerId: `b${n}` })));
  const confirm = ({ token }: { token: string }, n: number) => void server.call('confirm', { buyerId: `b${n}`, token });

  for (const [n, each] of holds.slice(0, 20).entries()) confirm(each, n);
  await until('twenty are sold', async () => (await outcomesOf(saleId)).length === 20);
  const harmedBefore = proxy.harmed();
  proxy.judge = (chunk) => (isCommit(chunk) ? 'withhold' : 'pass');
  for (const [n, each] of holds.slice(20).entries()) confirm(each, 20 + n);
  await until('the next COMMIT was sent', () => proxy.harmed() > harmedBefore);
  await server.kill9();
  time.aheadMs = holdTtlMs;
  const jobs = await startJobs(engine, { config: main.config, log: createLog(main.config) });
  await until('nothing is held', async () => (await stockOf(engine, saleId)).held === 0);
  await jobs.close();

  const stock = await stockOf(engine, saleId);
  assert.equal([stock.available, stock.sold, stock.soldInMysql], [40, 20, 20]);
  await assertAgreement(main, saleId);
});

test('killed between the withdrawal from Redis and its COMMIT: reconciliation puts the tickets back into sale', async () => {
  const saleId = await openSale(engine, 10);
  const server = await startServer();
  const harmedBefore = proxy.harmed();
  proxy.judge = once(isCommit, 'withhold');

  void server.call('sales.changeCapacity', { ...admin, saleId, ticketTypeId: 'std', delta: -4, reason: 'a test' });
  await until('COMMIT was sent', () => proxy.harmed() > harmedBefore);
  const apart = await stockOf(engine, saleId);
  await server.kill9();
  const [row] = (await engine.work.unsettled()).filter((sale) => sale.saleId === saleId);
  await until('MySQL has let the dead one go', async () => {
    if (row) await engine.work.reconcileSale(row);
    return (await stockOf(engine, saleId)).balanced;
  });

  assert.equal([apart.capacity, apart.available, apart.capacityInMysql], [6, 6, 10]);
  const stock = await stockOf(engine, saleId);
  assert.equal([stock.capacity, stock.available], [10, 10]);
  await assertAgreement(main, saleId);
});

test('killed after the COMMIT of an increase, before Redis was told: reconciliation adds the tickets once', async () => {
  const saleId = await openSale(engine, 10);
  await hold(engine, { saleId, buyerId: 'alice' });
  const server = await startServer();
  proxy.judge = once(isCommit, 'mute');

  void server.call('sales.changeCapacity', { ...admin, saleId, ticketTypeId: 'std', delta: 5, reason: 'a test' });
  await until('it is committed', async () => (await mysqlOf(main, saleId)).types[0]?.capacity === 15);
  await server.kill9();
  await until('the list of sales is new', async () => {
    const row = (await engine.work.unsettled()).find((sale) => sale.saleId === saleId);
    if (row) await Promise.all([engine.work.reconcileSale(row), engine.work.reconcileSale(row)]);
    return (await stockOf(engine, saleId)).capacity === 15;
  });

  const stock = await stockOf(engine, saleId);
  assert.equal([stock.capacity, stock.available, stock.held], [15, 14, 1]);
  await assertAgreement(main, saleId);
});

test('killed while MySQL is at it: what MySQL makes of it stands, and the repeat is told that', async () => {
  const server = await startServer();
  const saleId = await openSale(engine, 3);
  const { token } = await hold(engine, { saleId, buyerId: 'alice' });
  const lock = await lockStock(main, saleId);

  void server.call('confirm', { buyerId: 'alice', token });
  await until('MySQL is at it', async () => (await lock.waiters()) === 1);
  await server.kill9();
  await lock.release();
  const repeat = await engine.confirm({ buyerId: 'alice', token });

  const [row] = (await mysqlOf(main, saleId)).holds;
  assert.is(orderOf(repeat), row?.orderId);
  await assertAgreement(main, saleId);
});

test('a machine that vanishes before its COMMIT, without a word to MySQL, holds its sale up for seconds, not for hours', async () => {
  const server = await startServer();
  const saleId = await openSale(engine, 10);
  const { token } = await hold(engine, { saleId, buyerId: 'bob' });
  const harmedBefore = proxy.harmed();
  proxy.judge = once(isCommit, 'withhold');

  proxy.loseGoodbyes();
  void server.call('sales.changeCapacity', { ...admin, saleId, ticketTypeId: 'std', delta: 5, reason: 'a test' });
  await until('COMMIT was sent', () => proxy.harmed() > harmedBefore);
  await server.kill9();
  const confirmed = await persistently(() => engine.confirm({ buyerId: 'bob', token }), 20_000);

  assert.is(confirmed.status, 'confirmed');
  await assertAgreement(main, saleId);
});

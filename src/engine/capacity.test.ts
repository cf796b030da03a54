import * as assert from 'uvu/assert';
import { startPrivateRedis } from '../../scripts/stores/redis.ts';
import { assertAgreement, redisOf } from '../testing/agreement.ts';
import { admin, hold, openSale, openTestEngine, stockOf, type TestEngine } from '../testing/engine.ts';
import { isCommit } from '../testing/mysql-wire.ts';
import { mentions, once, openProxy } from '../testing/proxy.ts';
import { freshId } from '../testing/stack.ts';
import { suite } from '../testing/suite.ts';
import { failureOf, persistently, until } from '../testing/until.ts';

const test = suite('a sale that is changed in its middle');
const main = await openTestEngine();
const other = await openTestEngine({}, { sharing: main });
const { engine } = main;
test.after(async () => {
  await other.close();
  await main.close();
});

const lines = (quantity: number) => [{ ticketTypeId: 'std', quantity }];
const change = (saleId: string, delta: number, of: TestEngine = main, idempotencyKey?: string) =>
  of.engine.sales.changeCapacity({ ...admin, idempotencyKey, saleId, ticketTypeId: 'std', delta, reason: 'a test' });
const turn = (saleId: string, to: 'paused' | 'resumed' | 'closed', of: TestEngine = main) =>
  of.engine.sales.switch({ ...admin, saleId, to, reason: 'a test' });

test('capacity goes up and down from two processes while people buy: every change counts once, nothing is oversold', async () => {
  const saleId = await openSale(engine, 60, { buyerTicketsMax: 1, holdTtlMs: 900 });
  const buyer = async (n: number) => {
    const { engine: mine } = n % 2 ? main : other;
    const buyerId = `b${n}`;
    await new Promise((resolve) => setTimeout(resolve, (n % 40) * 15));
    const placed = await mine.reserve({ saleId, buyerId, lines: lines(1) });
    if (placed.status !== 'held' || n % 6 === 0) return placed.status;
    if (n % 6 === 1) return (await mine.release({ buyerId, token: placed.hold.token })).status;
    return (await persistently(() => mine.confirm({ buyerId, token: placed.hold.token }))).status;
  };
  const changes = async (of: TestEngine, deltas: number[]) => {
    let sum = 0;
    for (const delta of deltas) {
      // A change may be written and its answer lost: without the key its repeat would be a second one.
      const key = freshId('key');
      const outcome = await persistently(() => change(saleId, delta, of, key));
      if (outcome.status === 'changed') sum += delta;
      else assert.is(outcome.status, 'capacity_in_use');
    }
    return sum;
  };

  const [outcomes, ...sums] = await Promise.all([
    Promise.all(Array.from({ length: 160 }, (_, n) => buyer(n))),
    changes(main, [5, -3, 7, -8, 4, -20, 6, -2]),
    changes(other, [-4, 9, -6, 3, -30, 8, -1, 2]),
  ]);
  await until('nothing is held', async () => {
    await engine.work.sweepSale(saleId);
    return (await stockOf(engine, saleId)).held === 0;
  });

  const stock = await stockOf(engine, saleId);
  assert.is(stock.capacity, 60 + sums.reduce((sum, delta) => sum + delta, 0));
  assert.is(stock.sold, outcomes.filter((status) => status === 'confirmed').length);
  assert.not(outcomes.includes('sold_out') && stock.available > 60, 'no confirm was refused');
  await assertAgreement(main, saleId);
});

test('a decrease takes available tickets only: what is held or sold is never taken', async () => {
  const saleId = await openSale(engine, 10);
  const live = await hold(engine, { saleId, buyerId: 'alice', lines: lines(4) });
  const sold = await hold(engine, { saleId, buyerId: 'bob', lines: lines(3) });
  await engine.confirm({ buyerId: 'bob', token: sold.token });

  const refused = await change(saleId, -4);
  const unchanged = await stockOf(engine, saleId);
  const allowed = await change(saleId, -3);
  const more = await change(saleId, -1);

  assert.equal(refused, { status: 'capacity_in_use', available: 3 });
  assert.equal([unchanged.capacity, unchanged.available], [10, 3]);
  assert.is(allowed.status, 'changed');
  assert.equal(more, { status: 'capacity_in_use', available: 0 });
  assert.is((await engine.confirm({ buyerId: 'alice', token: live.token })).status, 'confirmed');
  await assertAgreement(main, saleId);
});

test('a late word about an older change does not put back what a decrease under way has withdrawn', async () => {
  const [redisProxy, mysqlProxy] = [await openProxy(main.config.redis.url), await openProxy(main.databaseUrl)];
  const slow = await openTestEngine({ REDIS_URL: redisProxy.url }, { sharing: main });
  const decreaser = await openTestEngine({ DATABASE_URL: mysqlProxy.url }, { sharing: main });
  const saleId = await openSale(engine, 10, { buyerTicketsMax: 10 });
  const harmed = { redis: redisProxy.harmed(), mysql: mysqlProxy.harmed() };
  redisProxy.judge = once(mentions(saleId), 'withhold');

  const resuming = turn(saleId, 'resumed', slow);
  await until('the word about it is on its way', () => redisProxy.harmed() > harmed.redis);
  mysqlProxy.judge = once(isCommit, 'withhold');
  const decreasing = change(saleId, -4, decreaser).catch((error: Error) => error);
  // Either the decrease has to wait for the one before it, or it is halfway now: withdrawn, and not committed.
  await until(
    'the decrease has gone as far as it can',
    async () => mysqlProxy.harmed() > harmed.mysql || (await waitsForLock(decreaser)),
  );
  redisProxy.release();
  await resuming;
  await until('the decrease is halfway', () => mysqlProxy.harmed() > harmed.mysql);
  const greedy = await engine.reserve({ saleId, buyerId: 'greedy', lines: lines(10) });
  mysqlProxy.release();
  const decreased = await decreasing;
  await slow.close();
  await decreaser.close();
  await Promise.all([redisProxy.close(), mysqlProxy.close()]);

  assert.is(decreased instanceof Error ? decreased.message : decreased.status, 'changed');
  assert.is(greedy.status, 'sold_out');
  const stock = await stockOf(engine, saleId);
  assert.equal([stock.capacity, stock.available, stock.held], [6, 6, 0]);
  await assertAgreement(main, saleId);
});

/** Gives a statement that waits for a row lock the time to be waiting; there is no portable way to ask the server. */
async function waitsForLock(_of: TestEngine): Promise<boolean> {
  await new Promise((resolve) => setTimeout(resolve, 300));
  return true;
}

test('pause, resume and close gate new holds at once, and live holds can still be bought', async () => {
  const saleId = await openSale(engine, 10);
  const holds = [];
  for (const buyerId of ['alice', 'bob', 'carol']) holds.push(await hold(engine, { saleId, buyerId }));
  const tokens = holds.map(({ token }) => token) as [string, string, string];
  const attempt = async () => (await other.engine.reserve({ saleId, buyerId: 'dave', lines: lines(1) })).status;

  await turn(saleId, 'paused');
  const paused = [await attempt(), (await other.engine.confirm({ buyerId: 'alice', token: tokens[0] })).status];
  await turn(saleId, 'resumed');
  const resumed = await attempt();
  await turn(saleId, 'closed');
  const closed = [await attempt(), (await other.engine.confirm({ buyerId: 'bob', token: tokens[1] })).status];
  const released = await engine.release({ buyerId: 'carol', token: tokens[2] });
  const reopened = await turn(saleId, 'resumed');

  assert.equal(paused, ['sale_paused', 'confirmed']);
  assert.is(resumed, 'held');
  assert.equal(closed, ['sale_closed', 'confirmed']);
  assert.equal([released.status, reopened.status], ['released', 'sale_closed']);
  await assertAgreement(main, saleId);
});

test('a sale whose window has ended, and a pause, outlive a rebuild; the tokens of a closed sale are honoured after it', async () => {
  const redis = await redisOf(main);
  const saleId = await openSale(engine, 10);
  const { token } = await hold(engine, { saleId, buyerId: 'alice' });
  await turn(saleId, 'closed');
  await redis.client.del(`${redis.keyPrefix}:{${saleId}}:holds`);
  redis.end();

  const confirmed = await engine.confirm({ buyerId: 'alice', token });
  const refused = await engine.reserve({ saleId, buyerId: 'bob', lines: lines(1) });

  assert.equal([confirmed.status, refused.status], ['confirmed', 'sale_closed']);
  await assertAgreement(main, saleId);
});

test('a sale that is created while Redis is away is installed later', async () => {
  const server = await startPrivateRedis();
  const own = await openTestEngine({ REDIS_URL: server.url });
  await server.stop({ keepData: true });

  const saleId = await openSale(own.engine, 10);
  const error = await failureOf(() => own.engine.reserve({ saleId, buyerId: 'alice', lines: lines(1) }));
  await server.restart();
  await persistently(async () => {
    for (const sale of await own.engine.work.unsettled()) await own.engine.work.reconcileSale(sale);
  });
  const held = await own.engine.reserve({ saleId, buyerId: 'alice', lines: lines(1) });

  assert.is(error.name, 'UnavailableError');
  assert.is(held.status, 'held');
  await assertAgreement(own, saleId);
  await own.close();
  await server.stop();
});

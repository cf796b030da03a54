import * as assert from 'uvu/assert';
import { startPrivateRedis } from '../../scripts/stores/redis.ts';
import { UnavailableError } from '../domain/errors.ts';
import { startJobs } from '../jobs/start.ts';
import { createLog } from '../log.ts';
import { assertAgreement, inMysql, mysqlOf, redisOf } from '../testing/agreement.ts';
import { hold, openSale, openTestEngine, stockOf } from '../testing/engine.ts';
import { calls, once, openProxy } from '../testing/proxy.ts';
import { suite } from '../testing/suite.ts';
import { failureOf, persistently, until } from '../testing/until.ts';

const test = suite('a Redis that has forgotten everything');
const server = await startPrivateRedis();
const main = await openTestEngine({ REDIS_URL: server.url });
const other = await openTestEngine({ REDIS_URL: server.url }, { sharing: main });
const redis = await redisOf(main);
const { engine } = main;
test.after(async () => {
  redis.end();
  await other.close();
  await main.close();
  await server.stop();
});

const lines = (quantity: number) => [{ ticketTypeId: 'std', quantity }];
const reserve = (saleId: string, buyerId: string, quantity = 1) =>
  engine.reserve({ saleId, buyerId, lines: lines(quantity) });

test('after a flush every call about the sale is unavailable, not sold out, and then the sale is back by itself', async () => {
  const saleId = await openSale(engine, 10);
  const { token, holdId } = await hold(engine, { saleId, buyerId: 'alice' });
  const sold = await hold(engine, { saleId, buyerId: 'bob' });
  await engine.confirm({ buyerId: 'bob', token: sold.token });
  const calls = [
    () => reserve(saleId, 'carol'),
    () => engine.release({ buyerId: 'alice', token }),
    () => engine.sales.stock(saleId),
    () => engine.sales.getPublic(saleId),
    () => engine.work.sweepSale(saleId),
    () => engine.work.recoverSale(saleId),
    () => engine.holds.listOwn({ buyerId: 'alice', saleId }),
    () => engine.holds.getOwn({ buyerId: 'alice', holdId }),
  ];

  for (const call of calls) {
    // A reader's picture may be half a second old: it is renewed, so that the next reading is of the flushed Redis.
    await new Promise((resolve) => setTimeout(resolve, call === calls[3] ? 600 : 0));
    await redis.client.flushall();
    const error = await failureOf(call);
    assert.instance(error, UnavailableError, String(error));
    await until('the sale is back', async () => (await stockOf(engine, saleId).catch(() => null))?.balanced);
  }

  const stock = await stockOf(engine, saleId);
  assert.equal([stock.available, stock.held, stock.sold], [9, 0, 1]);
  await assertAgreement(main, saleId);
});

test('a list of sales leaves out one that is lost, instead of calling it sold out, and does not fail for it', async () => {
  const saleId = await openSale(engine, 10);
  const another = await openSale(engine, 10);
  await redis.client.del(`${redis.keyPrefix}:{${saleId}}:sale`);

  const seen = await other.engine.sales.listPublic();

  const ids = seen.map((sale) => sale.saleId);
  assert.equal([ids.includes(saleId), ids.includes(another)], [false, true]);
  await until('it is listed again', async () =>
    (await other.engine.sales.listPublic()).some((sale) => sale.saleId === saleId),
  );
});

test('a hold that was forgotten can be released, and then its token buys nothing', async () => {
  const saleId = await openSale(engine, 1);
  const { token, holdId } = await hold(engine, { saleId, buyerId: 'alice' });
  await redis.client.flushall();

  const released = await persistently(() => engine.release({ buyerId: 'alice', token }));
  const confirm = await engine.confirm({ buyerId: 'alice', token });

  assert.equal(released, { status: 'released', holdId, replayed: false });
  assert.equal(confirm, { status: 'hold_expired' });
  assert.is((await stockOf(engine, saleId)).available, 1);
  await assertAgreement(main, saleId);
});

test('a release of a forgotten hold is answered once Redis knows of it too, so that its key gives no hold that is void', async () => {
  const saleId = await openSale(engine, 1);
  const asked = { saleId, buyerId: 'alice', lines: lines(1), idempotencyKey: 'again' };
  const { token } = await hold(engine, asked);
  await redis.client.flushall();
  await until('the sale is back', async () => (await stockOf(engine, saleId).catch(() => null))?.balanced);
  const network = await openProxy(server.url);
  const far = await openTestEngine({ REDIS_URL: network.url }, { sharing: main });
  // What tells Redis of MySQL's void never arrives.
  network.judge = once(calls('void-hold'), 'withhold');

  const unanswered = failureOf(() => far.engine.release({ buyerId: 'alice', token }));
  await until('Redis is to be told of the void', () => network.harmed() > 0);
  network.down();
  const error = await unanswered;
  network.up();
  const released = await persistently(() => far.engine.release({ buyerId: 'alice', token }));
  await far.close();
  await network.close();

  assert.instance(error, UnavailableError);
  // A repeat of an answer that was lost reads MySQL's void, which does not say why.
  assert.ok(['released', 'hold_expired'].includes(released.status), released.status);
  assert.equal(await engine.reserve(asked), { status: 'hold_expired' });
  await assertAgreement(main, saleId);
});

test('a confirm that meets a void which Redis has forgotten is answered once Redis knows of it again', async () => {
  const saleId = await openSale(engine, 1);
  const asked = { saleId, buyerId: 'alice', lines: lines(1), idempotencyKey: 'again' };
  const { token, holdId } = await hold(engine, asked);
  await redis.client.flushall();
  await until('the sale is back', async () => (await stockOf(engine, saleId).catch(() => null))?.balanced);
  await inMysql(main, "insert into hold_outcomes values (?, ?, 'void', null, ?)", [holdId, saleId, Date.now()]);

  const outcome = await engine.confirm({ buyerId: 'alice', token });

  assert.equal([outcome.status, await engine.reserve(asked)], ['hold_expired', { status: 'hold_expired' }]);
  await assertAgreement(main, saleId);
});

test('after a flush tokens are honoured in one request, orders answer as replays, and limits count what was bought', async () => {
  const saleId = await openSale(engine, 20, { buyerTicketsMax: 4 });
  const live = await hold(engine, { saleId, buyerId: 'alice', lines: lines(2) });
  const bought = await hold(engine, { saleId, buyerId: 'bob', lines: lines(3) });
  const ordered = await engine.confirm({ buyerId: 'bob', token: bought.token });
  await redis.client.flushall();

  const confirmed = await engine.confirm({ buyerId: 'alice', token: live.token });
  const replay = await engine.confirm({ buyerId: 'bob', token: bought.token });
  const tooMany = await reserve(saleId, 'bob', 2);
  const just = await reserve(saleId, 'bob', 1);

  assert.equal([confirmed.status, confirmed.status === 'confirmed' && confirmed.replayed], ['confirmed', false]);
  assert.is(confirmed.status === 'confirmed' && confirmed.order.holdId, live.holdId);
  assert.equal(replay, { ...ordered, replayed: true });
  assert.equal(tooMany, { status: 'limit_reached', scope: 'buyer', limit: 4, held: 0, bought: 3 });
  assert.is(just.status, 'held');
  await assertAgreement(main, saleId);
});

test('a token is not honoured past its deadline, nor where the stock or the limit has gone to others meanwhile', async () => {
  const time = { nowMs: Date.now() };
  const timed = await openTestEngine({ REDIS_URL: server.url }, { sharing: main, clock: () => time.nowMs });
  const saleId = await openSale(engine, 4, { buyerTicketsMax: 2 });
  const place = (buyerId: string, quantity: number) => hold(timed.engine, { saleId, buyerId, lines: lines(quantity) });
  const buy = (buyerId: string, { token }: { token: string }) => timed.engine.confirm({ buyerId, token });
  const [first, second] = [await place('alice', 2), await place('bob', 2)];
  await redis.client.flushall();
  await timed.engine.work.reconcileSale((await rowOf(saleId)) as never);
  const quick = await place('carol', 2);
  const again = await place('alice', 1);

  const overLimit = await buy('alice', first);
  const noStock = await buy('bob', second);
  await buy('carol', quick);
  time.nowMs = again.expiresAtMs + 20;
  const late = await buy('bob', second);
  await timed.engine.work.sweepSale(saleId);
  await timed.close();

  assert.equal(overLimit, { status: 'limit_reached', scope: 'buyer', limit: 2, held: 1, bought: 0 });
  assert.equal(noStock, { status: 'sold_out', ticketTypeIds: ['std'] });
  assert.is(late.status, 'hold_expired');
  await assertAgreement(main, saleId);
});

async function rowOf(saleId: string) {
  return (await engine.work.unsettled()).find((sale) => sale.saleId === saleId);
}

test('flushed again and again in the middle of a burst, the sale never sells one ticket too many and no order is lost', async () => {
  const saleId = await openSale(engine, 60, { holdTtlMs: 4000, buyerTicketsMax: 1 });
  const jobs = await startJobs(other.engine, { config: other.config, log: createLog(other.config) });
  const bursting = { now: true };
  const flushes = (async () => {
    for (let count = 0; bursting.now; count++) {
      await new Promise((resolve) => setTimeout(resolve, 120));
      await redis.client.flushall();
      if (count > 12) return;
    }
  })();

  const buyer = async (n: number) => {
    const { engine: mine } = n % 2 === 0 ? main : other;
    const buyerId = `b${n}`;
    await new Promise((resolve) => setTimeout(resolve, (n % 40) * 25));
    const placed = await persistently(() => mine.reserve({ saleId, buyerId, lines: lines(1) }));
    if (placed.status !== 'held') return placed;
    await new Promise((resolve) => setTimeout(resolve, n % 150));
    return persistently(() => mine.confirm({ buyerId, token: placed.hold.token }));
  };
  const outcomes = await Promise.all(Array.from({ length: 160 }, (_, n) => buyer(n)));
  bursting.now = false;
  await flushes;

  const told = outcomes.flatMap((outcome) => (outcome.status === 'confirmed' ? [outcome.order.orderId] : []));
  await persistently(() => engine.sales.stock(saleId));
  await until('nothing is held', async () => (await stockOf(engine, saleId)).held === 0);
  const stored = (await mysqlOf(main, saleId)).holds.flatMap(({ orderId }) => (orderId === null ? [] : [orderId]));
  assert.equal(stored.sort(), told.sort(), 'every order was told to its buyer, and every told order is there');
  assert.ok(told.length > 0 && told.length <= 60, `${told.length} orders`);
  await assertAgreement(main, saleId);
  await jobs.close();
});

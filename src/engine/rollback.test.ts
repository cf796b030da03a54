import * as assert from 'uvu/assert';
import { startPrivateRedis } from '../../scripts/stores/redis.ts';
import { UnavailableError } from '../domain/errors.ts';
import { assertAgreement, mysqlOf, redisOf } from '../testing/agreement.ts';
import { hold, openSale, openTestEngine, stockOf } from '../testing/engine.ts';
import { crashBackTo, markMoment } from '../testing/redis-rollback.ts';
import { holdOf } from '../testing/redis-state.ts';
import { suite } from '../testing/suite.ts';
import { failureOf, persistently, until } from '../testing/until.ts';

const test = suite('a Redis that has forgotten its last second');
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
const connected = () => until('Redis is back', () => redis.client.ping().catch(() => null));
const statusOf = async (saleId: string, holdId: string) => (await holdOf(redis, saleId, holdId))?.status ?? 'unknown';

test('what MySQL knows wins, live holds live on, and what was placed in the lost second is honoured', async () => {
  const saleId = await openSale(engine, 12, { buyerTicketsMax: 3 });
  const place = (buyerId: string, quantity = 1) => hold(engine, { saleId, buyerId, lines: lines(quantity) });
  const stays = await place('stays', 2);
  const soldBefore = await place('sold-before');
  await engine.confirm({ buyerId: 'sold-before', token: soldBefore.token });
  const soldAfter = await place('sold-after');
  const releasedBefore = await place('released-before');
  await engine.release({ buyerId: 'released-before', token: releasedBefore.token });
  const mark = await markMoment(server, redis);
  const first = await engine.confirm({ buyerId: 'sold-after', token: soldAfter.token });
  const placedAfter = await place('placed-after', 2);
  const soldInside = await place('sold-inside', 3);
  const inside = await engine.confirm({ buyerId: 'sold-inside', token: soldInside.token });

  await crashBackTo(server, mark);
  await connected();
  const asThrownBack = await Promise.all(
    [soldAfter, placedAfter, soldInside].map(({ holdId }) => statusOf(saleId, holdId)),
  );
  const refused = await failureOf(() =>
    until('anything else than a broken connection', () =>
      engine.reserve({ saleId, buyerId: 'eager', lines: lines(1) }).catch((error: Error) => {
        if (error.name === 'SaleLostError') throw error;
        return null;
      }),
    ),
  );
  await persistently(() => engine.sales.stock(saleId));

  assert.equal(asThrownBack, ['held', 'unknown', 'unknown'], 'the last second is forgotten');
  assert.instance(refused, UnavailableError);
  assert.is(await statusOf(saleId, soldAfter.holdId), 'sold');
  assert.is(await statusOf(saleId, stays.holdId), 'held');
  assert.is(await statusOf(saleId, releasedBefore.holdId), 'released');
  const rebuilt = await stockOf(engine, saleId);
  assert.equal([rebuilt.available, rebuilt.held, rebuilt.sold, rebuilt.balanced], [5, 2, 5, true]);

  const again = await persistently(() => other.engine.confirm({ buyerId: 'sold-after', token: soldAfter.token }));
  const insideAgain = await engine.confirm({ buyerId: 'sold-inside', token: soldInside.token });
  const honoured = await engine.confirm({ buyerId: 'placed-after', token: placedAfter.token });
  const kept = await engine.confirm({ buyerId: 'stays', token: stays.token });
  const gone = await engine.confirm({ buyerId: 'released-before', token: releasedBefore.token });
  const limit = await engine.reserve({ saleId, buyerId: 'sold-inside', lines: lines(1) });

  assert.equal(again, { ...first, replayed: true });
  assert.equal(insideAgain, { ...inside, replayed: true });
  assert.equal([honoured.status, kept.status, gone.status], ['confirmed', 'confirmed', 'hold_released']);
  assert.is(limit.status, 'limit_reached');
  await assertAgreement(main, saleId);
});

test('thrown back in the middle of a burst, the sale sells what there is once and loses no order', async () => {
  const saleId = await openSale(engine, 50, { holdTtlMs: 5000, buyerTicketsMax: 1 });
  const buyer = async (n: number) => {
    const { engine: mine } = n % 2 === 0 ? main : other;
    const buyerId = `b${n}`;
    await new Promise((resolve) => setTimeout(resolve, (n % 30) * 25));
    const placed = await persistently(() => mine.reserve({ saleId, buyerId, lines: lines(1) }));
    if (placed.status !== 'held') return placed;
    await new Promise((resolve) => setTimeout(resolve, n % 200));
    return persistently(() => mine.confirm({ buyerId, token: placed.hold.token }));
  };
  const mark = await markMoment(server, redis);

  const buyers = Array.from({ length: 120 }, (_, n) => buyer(n));
  await until('a third is sold', async () => ((await stockOf(engine, saleId).catch(() => null))?.sold ?? 0) > 15);
  await crashBackTo(server, mark);
  const outcomes = await Promise.all(buyers);

  await connected();
  await persistently(() => engine.sales.stock(saleId));
  await until('nothing is held', async () => {
    await engine.work.sweepSale(saleId);
    await engine.work.recoverSale(saleId);
    return (await stockOf(engine, saleId)).held === 0;
  });
  const told = outcomes.flatMap((outcome) => (outcome.status === 'confirmed' ? [outcome.order.orderId] : []));
  const stored = (await mysqlOf(main, saleId)).holds.flatMap(({ orderId }) => (orderId === null ? [] : [orderId]));
  assert.equal(stored.sort(), told.sort());
  assert.ok(told.length > 15 && told.length <= 50, `${told.length} orders`);
  await assertAgreement(main, saleId);
});

test('a graceful restart, which forgets nothing, keeps every live hold as well', async () => {
  const saleId = await openSale(engine, 5);
  const { token, holdId } = await hold(engine, { saleId, buyerId: 'alice' });

  await server.restart();
  await connected();
  const outcome = await persistently(() => engine.confirm({ buyerId: 'alice', token }));

  assert.is(outcome.status === 'confirmed' && outcome.order.holdId, holdId);
  await assertAgreement(main, saleId);
});

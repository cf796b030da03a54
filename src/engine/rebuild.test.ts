import * as assert from 'uvu/assert';
import { saleKeys } from '../redis/keys.ts';
import { assertAgreement, inMysql, mysqlOf, redisOf } from '../testing/agreement.ts';
import { hold, openSale, openTestEngine, stockOf } from '../testing/engine.ts';
import { startEngineProcess } from '../testing/engine-process.ts';
import { isCommit } from '../testing/mysql-wire.ts';
import { calls, once, openProxy } from '../testing/proxy.ts';
import { holdOf } from '../testing/redis-state.ts';
import { suite } from '../testing/suite.ts';
import { failureOf, persistently, until } from '../testing/until.ts';

const test = suite('rebuilding a sale');
const main = await openTestEngine();
const other = await openTestEngine({}, { sharing: main });
const redis = await redisOf(main);
const { engine } = main;
test.after(async () => {
  redis.end();
  await other.close();
  await main.close();
});

const lines = (quantity: number) => [{ ticketTypeId: 'std', quantity }];
const epochOf = async (saleId: string) => (await mysqlOf(main, saleId)).types[0]?.epoch ?? 0;

async function rowOf(saleId: string) {
  const row = (await engine.work.unsettled()).find((sale) => sale.saleId === saleId);
  if (!row) throw new Error('the sale is not listed');
  return row;
}

/** A rebuilder that died after its epoch was committed, before anything was installed. */
async function bumpByHand(saleId: string): Promise<void> {
  await inMysql(main, 'UPDATE sales SET epoch = epoch + 1 WHERE id = ?', [saleId]);
  await inMysql(main, 'UPDATE ticket_types SET epoch = epoch + 1 WHERE sale_id = ?', [saleId]);
}

for (const lost of ['sale', 'holds', 'due', 'leases', 'buyers']) {
  test(`without its key ${lost} a sale is lost, and it is rebuilt with ${lost === 'holds' ? 'what MySQL knows' : 'every live hold'}`, async () => {
    const saleId = await openSale(engine, 10);
    const live = await hold(engine, { saleId, buyerId: 'alice', lines: lines(2) });
    const sold = await hold(engine, { saleId, buyerId: 'bob', lines: lines(3) });
    await engine.confirm({ buyerId: 'bob', token: sold.token });
    await redis.client.del(`${redis.keyPrefix}:{${saleId}}:${lost}`);

    const error = await failureOf(() => engine.reserve({ saleId, buyerId: 'carol', lines: lines(1) }));
    await until('it is back', async () => (await stockOf(engine, saleId).catch(() => null))?.balanced);

    assert.is(error.name, 'SaleLostError');
    const stock = await stockOf(engine, saleId);
    const held = lost === 'holds' ? 0 : 2;
    assert.equal([stock.available, stock.held, stock.sold], [7 - held, held, 3]);
    await assertAgreement(main, saleId);
    assert.is((await engine.confirm({ buyerId: 'alice', token: live.token })).status, 'confirmed');
    await assertAgreement(main, saleId);
  });
}

test('after a rebuild a key answers with the very hold that it was first answered with, live or sold', async () => {
  const saleId = await openSale(engine, 10);
  const ask = (buyerId: string) => hold(engine, { saleId, buyerId, idempotencyKey: 'again' });
  const live = await ask('alice');
  const sold = await ask('bob');
  await engine.confirm({ buyerId: 'bob', token: sold.token });
  await redis.client.del(`${redis.keyPrefix}:{${saleId}}:buyers`);

  const replays = [await persistently(() => ask('alice')), await persistently(() => ask('bob'))];

  assert.equal(replays, [live, sold]);
  await assertAgreement(main, saleId);
});

test('a key that is there but of another epoch is lost too', async () => {
  const saleId = await openSale(engine, 10);
  await hold(engine, { saleId, buyerId: 'alice' });
  await redis.client.hset(saleKeys(redis.keyPrefix, saleId)[4], '', 99);

  const error = await failureOf(() => engine.reserve({ saleId, buyerId: 'bob', lines: lines(1) }));
  await until('it is back', async () => (await stockOf(engine, saleId).catch(() => null))?.held === 1);

  assert.is(error.name, 'SaleLostError');
  await assertAgreement(main, saleId);
});

test('a confirm whose epoch is over is fenced, rebuilds, and succeeds within its request', async () => {
  const saleId = await openSale(engine, 10);
  const holds = [];
  for (const buyerId of ['alice', 'bob']) holds.push(await hold(engine, { saleId, buyerId, lines: lines(2) }));
  const before = await epochOf(saleId);
  await bumpByHand(saleId);

  const outcome = await engine.confirm({ buyerId: 'alice', token: holds[0]?.token ?? '' });

  assert.is(outcome.status, 'confirmed');
  assert.ok((await epochOf(saleId)) > before + 1, 'it was rebuilt');
  const stock = await stockOf(engine, saleId);
  assert.equal([stock.available, stock.held, stock.sold], [6, 2, 2]);
  await assertAgreement(main, saleId);
});

test('thirty confirms from two processes that are fenced together all succeed, each once', async () => {
  const saleId = await openSale(engine, 40, { buyerTicketsMax: 1 });
  const holds = await Promise.all(Array.from({ length: 30 }, (_, n) => hold(engine, { saleId, buyerId: `b${n}` })));
  await bumpByHand(saleId);

  const outcomes = await Promise.all(
    holds.map(({ token }, n) => (n % 2 ? main : other).engine.confirm({ buyerId: `b${n}`, token })),
  );

  assert.equal(new Set(outcomes.map(({ status }) => status)), new Set(['confirmed']));
  await assertAgreement(main, saleId);
});

test('the workers notice an epoch that was bumped and never installed', async () => {
  const saleId = await openSale(engine, 10);
  await hold(engine, { saleId, buyerId: 'alice' });
  await bumpByHand(saleId);

  await until('reconciliation has seen it', async () => {
    await engine.work.reconcileSale(await rowOf(saleId));
    return (await redis.client.hget(saleKeys(redis.keyPrefix, saleId)[0], 'epoch')) === String(await epochOf(saleId));
  });

  assert.is((await stockOf(engine, saleId)).held, 1);
  await assertAgreement(main, saleId);
});

test('three processes that rebuild at once, under fire, end with one epoch and every count right', async () => {
  const child = await startEngineProcess(main);
  const saleId = await openSale(engine, 80, { buyerTicketsMax: 1 });
  const row = await rowOf(saleId);
  const rebuilds = async () => {
    for (let round = 0; round < 6; round++) {
      if (round % 2 === 0) await bumpByHand(saleId);
      else await redis.client.del(`${redis.keyPrefix}:{${saleId}}:${['due', 'leases', 'buyers'][round % 3]}`);
      await Promise.all([
        persistently(() => engine.work.reconcileSale(row)),
        persistently(() => other.engine.work.reconcileSale(row)),
        persistently(() => child.call('work.reconcileSale', row)),
      ]);
    }
  };
  const buyer = async (n: number) => {
    const { engine: mine } = n % 2 ? main : other;
    const buyerId = `b${n}`;
    await new Promise((resolve) => setTimeout(resolve, n * 8));
    const placed = await persistently(() => mine.reserve({ saleId, buyerId, lines: lines(1) }));
    return placed.status === 'held' ? persistently(() => mine.confirm({ buyerId, token: placed.hold.token })) : placed;
  };

  const [outcomes] = await Promise.all([Promise.all(Array.from({ length: 100 }, (_, n) => buyer(n))), rebuilds()]);
  await child.kill9();
  await persistently(() => engine.sales.stock(saleId));

  const confirmed = outcomes.filter(({ status }) => status === 'confirmed').length;
  assert.is(confirmed, (await mysqlOf(main, saleId)).holds.length);
  assert.is((await stockOf(engine, saleId)).sold, confirmed);
  assert.ok(confirmed > 40, `${confirmed} were confirmed`);
  await assertAgreement(main, saleId);
});

test('an order committed under the old epoch, whose finish comes after the rebuild, is counted once', async () => {
  const proxy = await openProxy(main.config.redis.url);
  const slow = await openTestEngine({ REDIS_URL: proxy.url, REDIS_COMMAND_TIMEOUT_MS: '1000' }, { sharing: main });
  const saleId = await openSale(engine, 5);
  const { token, holdId } = await hold(engine, { saleId, buyerId: 'alice' });
  proxy.judge = once(calls('finish-confirms'), 'withhold');

  const confirming = slow.engine.confirm({ buyerId: 'alice', token });
  await until('it is committed', async () => (await mysqlOf(main, saleId)).holds.length === 1);
  const between = (await holdOf(redis, saleId, holdId))?.status;
  await bumpByHand(saleId);
  await persistently(async () => engine.work.reconcileSale({ ...(await rowOf(saleId)), epoch: await epochOf(saleId) }));
  const outcome = await confirming;
  const repeat = await engine.confirm({ buyerId: 'alice', token });
  await slow.close();
  await proxy.close();

  assert.is(between, 'confirming');
  assert.is(outcome.status, 'confirmed');
  assert.equal(repeat.status === 'confirmed' && [repeat.order.holdId, repeat.replayed], [holdId, true]);
  await assertAgreement(main, saleId);
});

test('a commit of the old epoch that is on its way while the sale is rebuilt is either counted or fenced', async () => {
  const proxy = await openProxy(main.databaseUrl);
  const slow = await openTestEngine({ DATABASE_URL: proxy.url, MYSQL_QUERY_TIMEOUT_MS: '1500' }, { sharing: main });
  const saleId = await openSale(engine, 5);
  const { token, holdId } = await hold(engine, { saleId, buyerId: 'alice' });
  await persistently(() => slow.engine.sales.getPublic(saleId));
  const harmed = proxy.harmed();
  proxy.judge = once(isCommit, 'withhold');

  const confirming = slow.engine.confirm({ buyerId: 'alice', token });
  await until('its COMMIT is on the way', () => proxy.harmed() > harmed);
  await redis.client.del(saleKeys(redis.keyPrefix, saleId)[2]);
  const rebuilding = persistently(async () => engine.work.reconcileSale(await rowOf(saleId)));
  const outcome = await confirming;
  await rebuilding;
  await slow.close();
  await proxy.close();

  assert.is(outcome.status === 'confirmed' && outcome.order.holdId, holdId);
  assert.equal(
    (await mysqlOf(main, saleId)).holds.map((row) => row.outcome),
    ['sold'],
  );
  await assertAgreement(main, saleId);
});

test('a sale that is made again under an old id is not its former life', async () => {
  const saleId = await openSale(engine, 10);
  await hold(engine, { saleId, buyerId: 'stranger' });
  for (const [table, column] of [
    ['sales', 'id'],
    ['ticket_types', 'sale_id'],
    ['stock_movements', 'sale_id'],
  ]) {
    await inMysql(main, `DELETE FROM ${table} WHERE ${column} = ?`, [saleId]);
  }

  await openSale(engine, 50, { saleId });

  const stock = await stockOf(engine, saleId);
  assert.equal([stock.capacity, stock.capacityInMysql, stock.balanced], [50, 50, true]);
});

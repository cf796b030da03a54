import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { packHold, unpackHold } from '../redis/hold-record.ts';
import { saleKey } from '../redis/keys.ts';
import { assertAgreement, lockStock, mysqlOf, redisOf } from '../testing/agreement.ts';
import { admin, hold, openSale, openTestEngine, stockOf } from '../testing/engine.ts';
import { calls, once, openProxy } from '../testing/proxy.ts';
import { suite } from '../testing/suite.ts';
import { failureOf, until } from '../testing/until.ts';

const test = suite('resync in mid-sale');
const main = await openTestEngine();
const other = await openTestEngine({}, { sharing: main });
const redis = await redisOf(main);
const { engine } = main;
test.after(async () => {
  redis.end();
  await other.close();
  await main.close();
});

const order = (saleId: string, dryRun = false) => ({ ...admin, saleId, dryRun, reason: 'a test' });

const RESYNCS_MIN = 3;

/** Waits until so many holds of the sale are CONFIRMING. */
const confirming = (saleId: string, count: number) =>
  until('the confirms have begun', async () => {
    const page = await engine.holds.list({ saleId, status: 'confirming', limit: 1000 });
    return page?.items.length === count;
  });

test('resyncs from two processes all through a burst disturb nothing, and nothing is refused for long', async () => {
  const saleId = await openSale(engine, 150, { holdTtlMs: 700, buyerTicketsMax: 2 });
  const bursting = { now: true };
  const seen: string[][] = [[], []];
  const resyncs = [main, other].map(async (each, at) => {
    while (bursting.now) seen[at]?.push((await each.engine.sales.resync(order(saleId))).status);
  });

  const buyer = async (n: number) => {
    await sleep((n % 50) * 20);
    const { engine: mine } = n % 2 === 0 ? main : other;
    const buyerId = `b${n}`;
    const placed = await mine.reserve({ saleId, buyerId, lines: [{ ticketTypeId: 'std', quantity: 1 + (n % 2) }] });
    if (placed.status !== 'held') return placed.status;
    if (n % 5 === 0) return 'walked away';
    const { token } = placed.hold;
    return (await (n % 5 === 1 ? mine.release({ buyerId, token }) : mine.confirm({ buyerId, token }))).status;
  };
  const outcomes: string[] = [];
  // Where a resync takes long, buyers come until each process has made a few.
  while (seen.some((statuses) => statuses.length < RESYNCS_MIN)) {
    const come = outcomes.length;
    outcomes.push(...(await Promise.all(Array.from({ length: 200 }, (_, n) => buyer(come + n)))));
  }
  bursting.now = false;
  await Promise.all(resyncs);

  await until('nothing is held', async () => {
    await engine.work.sweepSale(saleId);
    return (await stockOf(engine, saleId)).held === 0;
  });
  const count = (status: string) => outcomes.filter((outcome) => outcome === status).length;
  assert.ok(count('confirmed') > 0 && count('released') > 0, outcomes.join(' '));
  assert.is((await mysqlOf(main, saleId)).holds.length, count('confirmed'));
  assert.ok(seen.flat().includes('resynced'), seen.join(' '));
  await assertAgreement(main, saleId);
});

test('a resync while fifty confirms wait for MySQL leaves nothing to be set right afterwards', async () => {
  const saleId = await openSale(engine, 60, { buyerTicketsMax: 1 });
  const holds = await Promise.all(Array.from({ length: 50 }, (_, n) => hold(engine, { saleId, buyerId: `b${n}` })));
  const lock = await lockStock(main, saleId);

  const confirms = holds.map(({ token }, n) => (n % 2 ? main : other).engine.confirm({ buyerId: `b${n}`, token }));
  await confirming(saleId, 50);
  const outcome = await engine.sales.resync(order(saleId));
  await lock.release();
  const confirmed = (await Promise.all(confirms)).filter(({ status }) => status === 'confirmed');

  const counts = { available: 10, held: 50, sold: 0 };
  const row = { ticketTypeId: 'std', before: counts, after: counts, drift: 0 };
  assert.equal(outcome, { status: 'resynced', applied: true, ticketTypes: [row] });
  assert.is(confirmed.length, 50);
  await assertAgreement(main, saleId);
});

test('a confirm that finishes between the snapshot of a resync and its script is not counted away', async () => {
  const proxy = await openProxy(main.config.redis.url);
  const slow = await openTestEngine({ REDIS_URL: proxy.url }, { sharing: main });
  const saleId = await openSale(engine, 5);
  const { token } = await hold(engine, { saleId, buyerId: 'alice' });
  const lock = await lockStock(main, saleId);
  proxy.judge = once(calls('resync-sale'), 'withhold');

  const confirm = engine.confirm({ buyerId: 'alice', token });
  await confirming(saleId, 1);
  const resyncing = slow.engine.sales.resync(order(saleId));
  await until('the snapshot is taken and the script is on its way', () => proxy.harmed() === 1);
  await lock.release();
  const outcome = await confirm;
  proxy.release();
  const resynced = await resyncing;
  await slow.close();
  await proxy.close();

  assert.equal([outcome.status, resynced.status], ['confirmed', 'resynced']);
  await assertAgreement(main, saleId);
});

test('an order whose finish was lost is made SOLD by a resync, and recovery adds nothing to that', async () => {
  const saleId = await openSale(engine, 5);
  const { token } = await hold(engine, { saleId, buyerId: 'alice' });
  const [leases, holds] = ['leases', 'holds'].map((name) => `${redis.keyPrefix}:{${saleId}}:${name}`) as [
    string,
    string,
  ];
  await engine.confirm({ buyerId: 'alice', token });
  // As Redis stood before the finish: the hold CONFIRMING, its units held.
  const [id, packed] = Object.entries(await redis.client.hgetall(holds)).find(([key]) => key !== '#') as [
    string,
    string,
  ];
  const confirming = { ...unpackHold(saleId, id, packed), status: 'confirming' as const, attempts: 'attempt1' };
  await redis.client.hset(holds, id, packHold(confirming));
  await redis.client.zadd(leases, 1, id);
  await redis.client.hset(saleKey(redis.keyPrefix, saleId), 'held:std', 1, 'sold:std', 0, 'finishes', 0);
  await redis.client.hset(`${redis.keyPrefix}:{${saleId}}:buyers`, 'alice', `1,0,${id}`);

  const outcome = await engine.sales.resync(order(saleId));
  await engine.work.recoverSale(saleId);

  assert.is(outcome.status === 'resynced' && outcome.ticketTypes[0]?.after.sold, 1);
  assert.is(outcome.status === 'resynced' && outcome.ticketTypes[0]?.drift, 0);
  await assertAgreement(main, saleId, { isTampered: true });
});

test('whatever was added to a count by hand, one resync sets right; a dry run shows it and changes nothing', async () => {
  for (const [field, by] of [
    ['available', 7],
    ['available', -7],
    ['held', 3],
    ['held', -1],
    ['sold', 2],
    ['capacity', 5],
  ] as const) {
    const saleId = await openSale(engine, 10);
    const kept = await hold(engine, { saleId, buyerId: 'alice' });
    const sold = await hold(engine, { saleId, buyerId: 'bob' });
    await engine.confirm({ buyerId: 'bob', token: sold.token });
    await redis.client.hincrby(saleKey(redis.keyPrefix, saleId), `${field}:std`, by);

    const dry = await engine.sales.resync(order(saleId, true));
    const between = await stockOf(engine, saleId);
    const real = await engine.sales.resync(order(saleId));

    assert.ok(dry.status === 'resynced' && real.status === 'resynced');
    if (dry.status !== 'resynced' || real.status !== 'resynced') return;
    assert.equal([dry.applied, real.applied], [false, true]);
    assert.equal(dry.ticketTypes, real.ticketTypes);
    assert.is(real.ticketTypes[0]?.drift, field === 'available' ? -by : 0, `${field} ${by}`);
    assert.is(between.balanced, false, `${field} ${by} is still wrong after the dry run`);
    await assertAgreement(main, saleId, { isTampered: true });
    assert.is((await engine.confirm({ buyerId: 'alice', token: kept.token })).status, 'confirmed');
    await assertAgreement(main, saleId, { isTampered: true });
  }
});

test('a sold-out sale, whose stock is zero, is set right too', async () => {
  const saleId = await openSale(engine, 1);
  const { token } = await hold(engine, { saleId, buyerId: 'alice' });
  await engine.confirm({ buyerId: 'alice', token });
  await redis.client.hincrby(saleKey(redis.keyPrefix, saleId), 'available:std', 4);

  await engine.sales.resync(order(saleId));

  const next = await engine.reserve({ saleId, buyerId: 'bob', lines: [{ ticketTypeId: 'std', quantity: 1 }] });
  assert.is(next.status, 'sold_out');
  await assertAgreement(main, saleId, { isTampered: true });
});

test('what Redis promised beyond MySQL is refused as sold out, sets Redis right, and harms no other sale', async () => {
  const saleId = await openSale(engine, 5, { buyerTicketsMax: 1 });
  const calm = await openSale(engine, 20, { buyerTicketsMax: 1 });
  await redis.client.hincrby(saleKey(redis.keyPrefix, saleId), 'available:std', 60);
  const reserveAll = (id: string, count: number) =>
    Promise.all(Array.from({ length: count }, (_, n) => hold(engine, { saleId: id, buyerId: `b${n}` })));
  const drifted = await reserveAll(saleId, 60);
  const others = await reserveAll(calm, 20);

  const confirmAll = (holds: typeof drifted) =>
    Promise.all(holds.map(({ token }, n) => engine.confirm({ buyerId: `b${n}`, token })));
  const [outcomes, unharmed] = await Promise.all([confirmAll(drifted), confirmAll(others)]);

  const count = (status: string) => outcomes.filter((outcome) => outcome.status === status).length;
  assert.equal([count('confirmed'), count('sold_out')], [5, 55]);
  assert.is(unharmed.filter(({ status }) => status === 'confirmed').length, 20);
  await until('the engine has set Redis right by itself', async () => (await stockOf(engine, saleId)).balanced);
  await assertAgreement(main, saleId, { isTampered: true });
  const audits = (await engine.audit.list({ saleId, limit: 100 })).items.filter((entry) => entry.actorId === 'onsale');
  assert.ok(audits.length > 0, 'the engine has asked for a resync in its own name');
});

test('more resyncs at once than there are connections take turns, and confirms go on meanwhile', async () => {
  const saleId = await openSale(engine, 30, { buyerTicketsMax: 1 });
  const holds = await Promise.all(Array.from({ length: 20 }, (_, n) => hold(engine, { saleId, buyerId: `b${n}` })));
  await redis.client.hincrby(saleKey(redis.keyPrefix, saleId), 'available:std', 3);

  const [resyncs, confirms] = await Promise.all([
    Promise.all(Array.from({ length: 20 }, () => engine.sales.resync(order(saleId)))),
    Promise.all(holds.map(({ token }, n) => engine.confirm({ buyerId: `b${n}`, token }))),
  ]);

  assert.equal(new Set(resyncs.map(({ status }) => status)), new Set(['resynced']));
  assert.equal(new Set(confirms.map(({ status }) => status)), new Set(['confirmed']));
  await assertAgreement(main, saleId, { isTampered: true });
});

test('a sale that is lost is not resynced from nothing: it is rebuilt', async () => {
  const saleId = await openSale(engine, 5);
  await hold(engine, { saleId, buyerId: 'alice' });
  await redis.client.del(`${redis.keyPrefix}:{${saleId}}:due`);

  const error = await failureOf(() => engine.sales.resync(order(saleId)));

  assert.is(error.name, 'SaleLostError');
  await until('it is rebuilt', async () => (await stockOf(engine, saleId).catch(() => null))?.held === 1);
  await assertAgreement(main, saleId);
});

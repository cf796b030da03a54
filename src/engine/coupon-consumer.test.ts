import { sql } from 'kysely';
import * as assert from 'uvu/assert';
import { listDeadLetters } from '../mysql/coupon-dead-letters.ts';
import { insertCoupons } from '../mysql/coupons.ts';
import { readCoupons } from '../redis/coupon-stream.ts';
import { readTries } from '../redis/coupon-tries.ts';
import { type CouponBench, couponsOn, openCampaign, openCouponBench, storedCoupons } from '../testing/coupons.ts';
import { createDatabase } from '../testing/engine.ts';
import { isCommit } from '../testing/mysql-wire.ts';
import { once, openProxy } from '../testing/proxy.ts';
import { freshId, stack } from '../testing/stack.ts';
import { suite } from '../testing/suite.ts';
import { until } from '../testing/until.ts';
import { type CouponConsumer, startCouponConsumer } from './coupon-consumer.ts';
import { toCoupon } from './coupon-entry.ts';
import type { Coupons } from './coupons.ts';

const test = suite('coupon consumer', { timeoutMs: 60_000 });
const bench = await openCouponBench();
const coupons = couponsOn(bench);
const running: CouponConsumer[] = [];
test.after.each(async () => {
  await Promise.all(running.splice(0).map((consumer) => consumer.stop()));
});
test.after(() => bench.close());

function consume(on: CouponBench = bench, hooks: Parameters<typeof startCouponConsumer>[1] = {}): CouponConsumer {
  const consumer = startCouponConsumer(on, hooks);
  running.push(consumer);
  return consumer;
}

const lengthOf = (campaignId: string) => bench.redis.client.xlen(bench.keys(campaignId).stream);
const storedIn = async (campaignId: string) => (await storedCoupons(bench, campaignId)).length;
const letters = (campaignId: string) => listDeadLetters(bench.mysql.db, campaignId, 100);
const written = (campaignId: string, count: number, waitMs?: number) =>
  until(
    `${count} coupons written`,
    async () => (await storedIn(campaignId)) === count && (await lengthOf(campaignId)) === 0,
    waitMs,
  );

async function issueTo(campaignId: string, count: number, prefix = 'buyer', by: Coupons = coupons): Promise<void> {
  const outcomes = await Promise.all(
    Array.from({ length: count }, (_, index) => by.issue({ campaignId, buyerId: `${prefix}-${index}` })),
  );
  assert.is(outcomes.filter((outcome) => outcome.status === 'issued').length, count);
}

/** Puts something into the stream that no script of ours would. */
const poison = (campaignId: string, ...fields: string[]) =>
  bench.redis.client.xadd(bench.keys(campaignId).stream, '*', ...fields) as Promise<string>;

test('issued coupons are written as they were issued, and the lag falls to nothing', async () => {
  const campaignId = await openCampaign(coupons, 2000);
  await issueTo(campaignId, 1200, 'Zoë ☕');
  const inRedis = await bench.redis.client.hgetall(bench.keys(campaignId).coupons);
  const consumer = consume();

  await written(campaignId, 1200);

  assert.is(await consumer.lag(), 0);
  for (const { buyerId, couponId, issuedAtMs } of await storedCoupons(bench, campaignId)) {
    assert.is(inRedis[buyerId], `${issuedAtMs},${couponId}`);
  }
});

test('several consumers share the work and double nothing', async () => {
  const campaignId = await openCampaign(coupons, 3000);
  for (let index = 0; index < 4; index += 1) consume();

  await issueTo(campaignId, 3000);
  await written(campaignId, 3000);

  assert.equal(await letters(campaignId), []);
});

test('a poison entry among good ones is a dead letter after four tries; its neighbours are stored before', async () => {
  const campaignId = await openCampaign(coupons, 100);
  await issueTo(campaignId, 20, 'before');
  const tooLong = { couponId: freshId('c'), buyerId: 'b'.repeat(300), issuedAtMs: '7' };
  const bad = [
    await poison(campaignId, ...Object.entries(tooLong).flat()),
    await poison(campaignId, 'couponId', 'only-this'),
    await poison(campaignId, 'couponId', freshId('c'), 'buyerId', 'mallory', 'issuedAtMs', 'yesterday'),
    // Wrong only for MySQL: this buyer has another coupon.
    await poison(campaignId, 'couponId', freshId('c'), 'buyerId', 'before-3', 'issuedAtMs', '7'),
  ];
  await issueTo(campaignId, 20, 'after');
  const buried: { entryId: string; neighbours: Promise<number> }[] = [];

  consume(bench, { onDeadLetter: ({ entryId }) => buried.push({ entryId, neighbours: storedIn(campaignId) }) });
  await written(campaignId, 40);

  const found = await letters(campaignId);
  assert.equal(found.map((letter) => letter.entryId).sort(), [...bad].sort());
  assert.equal(buried.map(({ entryId }) => entryId).sort(), [...bad].sort());
  for (const { neighbours } of buried) assert.is(await neighbours, 40);
  for (const letter of found) assert.is(letter.tries, 4);
  assert.equal(JSON.parse(found.find((letter) => letter.entryId === bad[0])?.payload ?? ''), tooLong);
  assert.is(await bench.redis.client.exists(bench.keys(campaignId).tries), 0);
});

test('an entry that claims the id of another buyer does not drag that buyer along', async () => {
  const campaignId = await openCampaign(coupons, 10);
  await issueTo(campaignId, 1, 'alice');
  const [alice] = await readAll(campaignId);
  const bad = await poison(campaignId, 'couponId', alice?.couponId ?? '', 'buyerId', 'mallory', 'issuedAtMs', '7');

  consume();
  await written(campaignId, 1);

  assert.equal(
    (await storedCoupons(bench, campaignId)).map((row) => row.buyerId),
    ['alice-0'],
  );
  assert.equal(
    (await letters(campaignId)).map((letter) => letter.entryId),
    [bad],
  );
});

async function readAll(campaignId: string) {
  const raw = await bench.redis.client.xrange(bench.keys(campaignId).stream, '-', '+');
  return raw.map(([, fields]) => ({ couponId: fields[1], buyerId: fields[3] }));
}

test('the tries of an entry survive the consumer that counted them', async () => {
  const campaignId = await openCampaign(coupons, 10);
  const bad = await poison(campaignId, 'couponId', 'x');
  const triesOf = async () => (await readTries(bench.redis, campaignId, [bad])).get(bad)?.tries ?? 0;

  const first = consume();
  await until('two tries', async () => (await triesOf()) >= 2);
  await first.stop();
  const kept = await triesOf();
  consume();
  await written(campaignId, 0);

  assert.ok(kept >= 2);
  assert.equal(
    (await letters(campaignId)).map((letter) => letter.tries),
    [4],
  );
});

test('a MySQL that is away is nobody’s fault: no try is counted, and all is stored when it is back', async () => {
  const network = await openProxy(stack.databaseUrl);
  const remote = await openCouponBench({ REDIS_KEY_PREFIX: bench.redis.keyPrefix, DATABASE_URL: network.url });
  const campaignId = await openCampaign(coupons, 100);
  consume(remote);
  await issueTo(campaignId, 5, 'before');
  await written(campaignId, 5);

  network.down();
  await issueTo(campaignId, 50, 'meanwhile');
  await new Promise((resolve) => setTimeout(resolve, 4000));
  const tries = await bench.redis.client.exists(bench.keys(campaignId).tries);
  const stored = await storedIn(campaignId);
  network.up();
  await written(campaignId, 55);

  assert.equal([tries, stored], [0, 5]);
  assert.equal(await letters(campaignId), []);
  await Promise.all(running.splice(0).map((consumer) => consumer.stop()));
  await remote.close();
  await network.close();
});

test('a commit whose answer is lost is repeated and doubles nothing', async () => {
  const network = await openProxy(stack.databaseUrl);
  const remote = await openCouponBench({ REDIS_KEY_PREFIX: bench.redis.keyPrefix, DATABASE_URL: network.url });
  const campaignId = await openCampaign(coupons, 100);
  network.judge = once(isCommit, 'cut-answer');
  await issueTo(campaignId, 30);

  consume(remote);
  await written(campaignId, 30);

  assert.is(network.harmed(), 1);
  assert.equal(await letters(campaignId), []);
  await Promise.all(running.splice(0).map((consumer) => consumer.stop()));
  await remote.close();
  await network.close();
});

test('a table that is missing is no fault of an entry', async () => {
  const databaseUrl = await createDatabase();
  const remote = await openCouponBench({}, { databaseUrl });
  const there = couponsOn(remote);
  const campaignId = await openCampaign(there, 100);
  await sql`rename table coupons to coupons_away`.execute(remote.mysql.db);

  consume(remote);
  await issueTo(campaignId, 10, 'buyer', there);
  await new Promise((resolve) => setTimeout(resolve, 2500));
  const tries = await remote.redis.client.exists(remote.keys(campaignId).tries);
  await sql`rename table coupons_away to coupons`.execute(remote.mysql.db);
  await until('all are written', async () => (await storedCoupons(remote, campaignId)).length === 10);

  assert.is(tries, 0);
  await Promise.all(running.splice(0).map((consumer) => consumer.stop()));
  await sql.raw(`drop database ${new URL(databaseUrl).pathname.slice(1)}`).execute(remote.mysql.db);
  await remote.close();
});

test('a consumer that died between COMMIT and acknowledgement doubles nothing', async () => {
  const campaignId = await openCampaign(coupons, 100);
  await issueTo(campaignId, 12);
  const read = await readCoupons(bench.redis, { campaignId, consumer: 'dead', countMax: 10 }, '>');
  const entries = read.status === 'read' ? read.entries : [];
  const rows = entries.flatMap(({ fields }) => toCoupon(fields) ?? []).map((row) => ({ ...row, campaignId }));
  await insertCoupons(bench.mysql.db, rows);

  consume();
  await written(campaignId, 12);

  assert.is(rows.length, 10);
  assert.equal(await letters(campaignId), []);
});

test('a group that was lost is made again, and what was delivered comes again', async () => {
  const campaignId = await openCampaign(coupons, 100);
  await issueTo(campaignId, 10);
  await readCoupons(bench.redis, { campaignId, consumer: 'dead', countMax: 5 }, '>');
  await bench.redis.client.xgroup('DESTROY', bench.keys(campaignId).stream, 'mysql');

  consume();
  await written(campaignId, 10);
});

test('a stop finishes the batch under way and leaves the rest to the next consumer', async () => {
  const campaignId = await openCampaign(coupons, 3000);
  const small = await openCouponBench({ REDIS_KEY_PREFIX: bench.redis.keyPrefix, COUPON_BATCH_MAX: '50' });
  await issueTo(campaignId, 2000);
  const first = consume(small);
  await until('it has begun', async () => (await lengthOf(campaignId)) < 2000);

  await first.stop();
  const [stored, left] = [await storedIn(campaignId), await lengthOf(campaignId)];
  const pending = await bench.redis.client.xpending(bench.keys(campaignId).stream, 'mysql');
  consume();
  await written(campaignId, 2000);

  assert.is(stored + left, 2000);
  assert.ok(left > 0);
  assert.is(pending[0], 0);
  await small.close();
});

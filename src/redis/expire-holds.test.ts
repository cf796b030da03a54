import * as assert from 'uvu/assert';
import { callsOn, placing } from '../testing/redis-calls.ts';
import { decisionsMax, linesOf, openTestRedis, putSale, saleOf } from '../testing/redis-sale.ts';
import { assertLawful, holdOf, stateOf, stockOf } from '../testing/redis-state.ts';
import { suite } from '../testing/suite.ts';
import { until } from '../testing/until.ts';
import { applySale } from './apply-sale.ts';

const test = suite('expire-holds');
const { redis, time, another, close } = await openTestRedis();
const calls = callsOn(redis);
test.after(close);

const start = time.nowMs;
const deadline = start + 60_000;
test.before.each(() => {
  time.nowMs = start;
});

test('with nothing held there is nothing to wait for', async () => {
  const saleId = await putSale(redis);

  assert.equal(await calls.expire(saleId), { status: 'done', nowMs: start, holds: 0, nextDeadlineMs: null });
});

test('before its deadline nothing expires, and the deadline is told', async () => {
  const saleId = await putSale(redis);
  await calls.hold(saleId);
  const before = await stateOf(redis, saleId);
  time.nowMs = deadline - 1;

  const reply = await calls.expire(saleId);

  assert.equal(reply, { status: 'done', nowMs: deadline - 1, holds: 0, nextDeadlineMs: deadline });
  assert.equal(await assertLawful(redis, saleId), before);
});

test('at its deadline a hold expires: tickets and the limit of the buyer come back', async () => {
  const saleId = await putSale(redis, { tickets: { std: 5, vip: 5 } });
  const hold = await calls.hold(saleId, { lines: linesOf({ std: 2, vip: 1 }) });
  time.nowMs = deadline;

  const reply = await calls.expire(saleId);

  assert.equal(reply, { status: 'done', nowMs: deadline, holds: 1, nextDeadlineMs: null });
  assert.equal(await stockOf(redis, saleId), { std: [5, 0, 0], vip: [5, 0, 0] });
  assert.is((await holdOf(redis, saleId, hold.holdId))?.status, 'expired');
  const { buyers, ended } = await assertLawful(redis, saleId);
  assert.not(buyers.has('alice'));
  assert.is(ended.get(hold.holdId), String(deadline + 600_000));
});

test('a hold that is swept late is remembered from then on', async () => {
  const saleId = await putSale(redis);
  const hold = await calls.hold(saleId, { keyed: true });
  time.nowMs = deadline + 3_600_000;

  await calls.expire(saleId);

  const { ended } = await assertLawful(redis, saleId);
  assert.is(ended.get(hold.holdId), String(deadline + 3_600_000 + 86_400_000));
});

test('a second sweep changes nothing', async () => {
  const saleId = await putSale(redis);
  await calls.hold(saleId);
  time.nowMs = deadline;
  await calls.expire(saleId);
  const before = await stateOf(redis, saleId);

  const reply = await calls.expire(saleId);

  assert.is(reply.holds, 0);
  assert.equal(await assertLawful(redis, saleId), before);
});

test('a buyer is written once a slice, however many holds of theirs end in it', async () => {
  const saleId = await putSale(redis, { tickets: { std: 20 }, buyerTicketsMax: 20 });
  for (let each = 0; each < 10; each++) await calls.hold(saleId);
  time.nowMs += 1;
  await calls.hold(saleId);
  time.nowMs = deadline;
  const monitor = await redis.client.monitor();
  const written: string[][] = [];
  monitor.on('monitor', (_time: string, [command, key, ...values]: string[]) => {
    if (command === 'HSET' && key?.endsWith(`{${saleId}}:buyers`)) written.push(values);
  });

  const { holds } = await calls.expire(saleId);

  await until('the write was seen', () => written.length > 0);
  monitor.disconnect();
  assert.is(holds, 10);
  assert.equal(
    written.map(([buyer, ...rest]) => [buyer, rest.length]),
    [['alice', 1]],
  );
  await assertLawful(redis, saleId);
});

test('a slice is bounded by lines, takes the oldest first, and says that there is more', async () => {
  const saleId = await putSale(redis, { tickets: { a: 10, b: 10 } });
  const holds = [];
  for (let each = 0; each < 5; each++) {
    holds.push(await calls.hold(saleId, { buyerId: `buyer-${each}`, lines: linesOf({ a: 1, b: 1 }) }));
    time.nowMs += 1;
  }
  time.nowMs = deadline + 10;

  const slices = [await calls.expire(saleId, 4), await calls.expire(saleId, 3), await calls.expire(saleId, 2)];

  assert.equal(slices, [
    { status: 'more', nowMs: time.nowMs, holds: 2 },
    { status: 'more', nowMs: time.nowMs, holds: 2 },
    { status: 'done', nowMs: time.nowMs, holds: 1, nextDeadlineMs: null },
  ]);
  assert.equal(await stockOf(redis, saleId), { a: [10, 0, 0], b: [10, 0, 0] });
  await assertLawful(redis, saleId);
});

test('the oldest holds go first', async () => {
  const saleId = await putSale(redis);
  const old = await calls.hold(saleId);
  time.nowMs += 1;
  const young = await calls.hold(saleId);
  time.nowMs = deadline + 1;

  await calls.expire(saleId, 1);

  const { ended, due } = await assertLawful(redis, saleId);
  assert.ok(ended.has(old.holdId));
  assert.ok(due.has(young.holdId));
});

test('there is more as long as anything is due at this very moment', async () => {
  const saleId = await putSale(redis);
  for (let each = 0; each < 2; each++) await calls.hold(saleId);
  time.nowMs = deadline;

  const slices = [await calls.expire(saleId, 1), await calls.expire(saleId, 1)];

  assert.equal(
    slices.map((slice) => slice.status),
    ['more', 'done'],
  );
});

test('a slice that ends exactly with the last due hold is done', async () => {
  const saleId = await putSale(redis);
  await calls.hold(saleId);
  time.nowMs += 1;
  await calls.hold(saleId);
  time.nowMs = deadline;

  const reply = await calls.expire(saleId, 1);

  assert.equal(reply, { status: 'done', nowMs: deadline, holds: 1, nextDeadlineMs: deadline + 1 });
});

test('confirming, sold and released holds are left alone for ever', async () => {
  const saleId = await putSale(redis);
  await calls.begin(saleId, await calls.hold(saleId));
  await calls.sell(saleId);
  await calls.release(saleId, await calls.hold(saleId));
  const before = await stateOf(redis, saleId);
  time.nowMs = deadline + 86_400_000;

  const reply = await calls.expire(saleId);

  assert.is(reply.holds, 0);
  assert.equal(await assertLawful(redis, saleId), before);
});

test('a buyer of whose holds only some lapse in a slice keeps the others', async () => {
  const saleId = await putSale(redis);
  await calls.sell(saleId);
  const [plain, keyed] = [await calls.hold(saleId), await calls.hold(saleId, { keyed: true })];
  time.nowMs += 1;
  const young = await calls.hold(saleId);
  time.nowMs = deadline;

  const reply = await calls.expire(saleId);

  assert.is(reply.holds, 2);
  const { buyers, ended } = await assertLawful(redis, saleId);
  assert.is(buyers.get('alice'), `1,1,${young.holdId}`);
  assert.is(ended.get(plain.holdId), String(deadline + 600_000));
  assert.is(ended.get(keyed.holdId), String(deadline + 86_400_000));
});

test('a hold that was given grace lapses as any other', async () => {
  const saleId = await putSale(redis);
  const hold = await calls.hold(saleId);
  await calls.begin(saleId, hold);
  time.nowMs = deadline - 1;
  await calls.abort(saleId, hold);
  time.nowMs = deadline + 9_999;

  const reply = await calls.expire(saleId);

  assert.is(reply.holds, 1);
  const record = await holdOf(redis, saleId, hold.holdId);
  assert.equal([record?.status, record?.deadlineMs, record?.epoch], ['expired', deadline + 9_999, 0]);
  await assertLawful(redis, saleId);
});

test('more holds than go into one piece lapse in one slice', async () => {
  const saleId = await putSale(redis, { tickets: { std: 3000 } });
  const holds = Array.from({ length: 2500 }, (_, buyer) => placing({ buyerId: `buyer-${buyer % 2400}` }));
  await calls.placeAll(saleId, holds);
  time.nowMs = deadline;

  const reply = await calls.expire(saleId, 2500);

  assert.is(reply.holds, 2500);
  assert.equal(await stockOf(redis, saleId), { std: [3000, 0, 0] });
  await assertLawful(redis, saleId);
});

test('holds of a sale that is paused or closed expire as any other', async () => {
  const saleId = await putSale(redis);
  await calls.hold(saleId);
  await applySale(redis, { sale: saleOf({ saleId, version: 2, paused: true, closedAtMs: start }), decisionsMax });
  time.nowMs = deadline;

  const reply = await calls.expire(saleId);

  assert.is(reply.holds, 1);
  await assertLawful(redis, saleId);
});

test('an entry of the index that is no held hold is dropped and gives nothing back', async () => {
  const saleId = await putSale(redis);
  const hold = await calls.hold(saleId);
  await calls.release(saleId, hold);
  const before = await stateOf(redis, saleId);
  await redis.client.zadd(`${redis.keyPrefix}:{${saleId}}:due`, start, hold.holdId, start, 'nobody');

  const reply = await calls.expire(saleId);

  assert.equal(reply, { status: 'done', nowMs: start, holds: 0, nextDeadlineMs: null });
  assert.equal(await assertLawful(redis, saleId), before);
});

test('a hundred sweeps at once on two connections give two hundred tickets back once each', async () => {
  const saleId = await putSale(redis, { tickets: { std: 200 } });
  const other = callsOn(await another());
  await Promise.all(Array.from({ length: 200 }, (_, buyer) => calls.hold(saleId, { buyerId: `buyer-${buyer}` })));
  time.nowMs = deadline;

  const replies = await Promise.all(
    Array.from({ length: 100 }, (_, index) => (index % 2 ? calls : other).expire(saleId, 7)),
  );

  assert.is(
    replies.reduce((sum, reply) => sum + reply.holds, 0),
    200,
  );
  assert.equal(await stockOf(redis, saleId), { std: [200, 0, 0] });
  await assertLawful(redis, saleId);
});

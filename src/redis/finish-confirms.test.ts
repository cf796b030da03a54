import * as assert from 'uvu/assert';
import { callsOn, finishing, limits, placing } from '../testing/redis-calls.ts';
import { linesOf, opensAtMs, openTestRedis, putSale } from '../testing/redis-sale.ts';
import { assertLawful, holdOf, stateOf, stockOf } from '../testing/redis-state.ts';
import { suite } from '../testing/suite.ts';
import { beginConfirms } from './begin-confirms.ts';
import { finishConfirms } from './finish-confirms.ts';

const test = suite('finish-confirms');
const { redis, time, another, close } = await openTestRedis();
const calls = callsOn(redis);
test.after(close);

const start = time.nowMs;
test.before.each(() => {
  time.nowMs = start;
});

const finishes = async (saleId: string) => Number((await stateOf(redis, saleId)).sale.get('finishes'));

test('a finished confirm is sold: its units move from held, and count as bought', async () => {
  const saleId = await putSale(redis, { tickets: { std: 5, vip: 5 } });
  const hold = await calls.hold(saleId, { lines: linesOf({ std: 2, vip: 1 }) });
  await calls.begin(saleId, hold);

  const reply = await calls.finish(saleId, hold);

  assert.is(reply, 'sold');
  assert.equal(await stockOf(redis, saleId), { std: [3, 0, 2], vip: [4, 0, 1] });
  const { buyers } = await assertLawful(redis, saleId);
  assert.is(buyers.get('alice'), '0,3');
  assert.is(await finishes(saleId), 1);
});

test('a second finish changes nothing', async () => {
  const saleId = await putSale(redis);
  const hold = await calls.sell(saleId);
  const before = await stateOf(redis, saleId);

  const reply = await calls.finish(saleId, hold);

  assert.is(reply, 'already');
  assert.equal(await assertLawful(redis, saleId), before);
});

test('a hold that is held again when the commit turns out to have happened is sold from held', async () => {
  const saleId = await putSale(redis);
  const hold = await calls.hold(saleId);
  await calls.begin(saleId, hold);
  await calls.abort(saleId, hold);

  assert.is(await calls.finish(saleId, hold), 'sold');
  assert.equal(await stockOf(redis, saleId), { std: [9, 0, 1] });
  await assertLawful(redis, saleId);
});

test('a hold that had gone back is sold all the same, from what is available', async () => {
  const saleId = await putSale(redis);
  const [released, lapsed, voided] = [await calls.hold(saleId), await calls.hold(saleId), await calls.hold(saleId)];
  await calls.release(saleId, released);
  await calls.giveBack(saleId, voided);
  time.nowMs += 60_000;
  await calls.expire(saleId);

  const replies = [];
  for (const hold of [released, lapsed, voided]) replies.push(await calls.finish(saleId, hold));

  assert.equal(replies, Array(3).fill('debited'));
  assert.equal(await stockOf(redis, saleId), { std: [7, 0, 3] });
  const { buyers, ended } = await assertLawful(redis, saleId);
  assert.is(buyers.get('alice'), '0,3');
  assert.is(ended.size, 0);
  assert.is(await finishes(saleId), 3);
});

test('available may stand below zero then, until holds end', async () => {
  const saleId = await putSale(redis, { tickets: { std: 1 } });
  const late = await calls.hold(saleId);
  await calls.release(saleId, late);
  const unlucky = await calls.hold(saleId, { buyerId: 'bob' });

  await calls.finish(saleId, late);
  const below = await stockOf(redis, saleId);
  await assertLawful(redis, saleId);
  await calls.release(saleId, unlucky);

  assert.equal(below, { std: [-1, 1, 1] });
  assert.equal(await stockOf(redis, saleId), { std: [0, 0, 1] });
  await assertLawful(redis, saleId);
});

test('a hold that Redis has forgotten is sold from what the order says of it', async () => {
  const saleId = await putSale(redis);
  const hold = placing({ buyerId: 'bob', lines: linesOf({ std: 3 }) });

  const first = await calls.finish(saleId, hold);
  const second = await calls.finish(saleId, hold);

  assert.equal([first, second], ['debited', 'already']);
  const known = await holdOf(redis, saleId, hold.holdId);
  assert.equal([known?.status, known?.buyerId, known?.lines], ['sold', 'bob', hold.lines]);
  assert.equal([known?.placedAtMs, known?.expiresAtMs], [opensAtMs, opensAtMs + 120_000]);
  assert.equal(await stockOf(redis, saleId), { std: [7, 0, 3] });
  await assertLawful(redis, saleId);
});

test('what Redis remembers of a hold counts, not what its finish says', async () => {
  const saleId = await putSale(redis);
  const hold = await calls.hold(saleId, { lines: linesOf({ std: 2 }) });
  await calls.begin(saleId, hold);

  await calls.finish(saleId, { ...hold, buyerId: 'bob', lines: linesOf({ std: 1 }) });

  assert.equal(await stockOf(redis, saleId), { std: [8, 0, 2] });
  const { buyers } = await assertLawful(redis, saleId);
  assert.not(buyers.has('bob'));
});

test('an outcome that a rebuild has brought back as sold is already finished', async () => {
  const hold = placing();
  const times = { placedAtMs: start, expiresAtMs: start, deadlineMs: start };
  const past = { ...hold, ...times, saleId: '', status: 'sold' as const, epoch: 2, attempts: '' };
  const buyers = [{ buyerId: 'alice', held: 0, bought: 1, holdIds: [] }];
  const saleId = await putSale(redis, { epoch: 2, sold: { std: 1 }, holds: [past], buyers });
  const before = await assertLawful(redis, saleId);

  assert.is(await calls.finish(saleId, hold), 'already');
  assert.equal(await assertLawful(redis, saleId), before);
});

test('a sold hold is repeated, begun and aborted in vain', async () => {
  const saleId = await putSale(redis);
  const hold = await calls.sell(saleId);
  const before = await stateOf(redis, saleId);

  assert.equal(await calls.begin(saleId, hold, 'attempt-2'), { status: 'sold' });
  assert.is(await calls.abort(saleId, hold), 'ignored');
  assert.is(await calls.giveBack(saleId, hold), 'ignored');
  assert.equal(await assertLawful(redis, saleId), before);
});

test('one hold twice in a batch is sold once', async () => {
  const saleId = await putSale(redis);
  const [first, second] = [await calls.hold(saleId), await calls.hold(saleId)];
  const items = [first, second, first].map(finishing);

  const replies = await finishConfirms(redis, { saleId, items });

  assert.equal(replies, ['sold', 'sold', 'already']);
  assert.is(await finishes(saleId), 2);
  assert.equal(await stockOf(redis, saleId), { std: [8, 0, 2] });
  await assertLawful(redis, saleId);
});

test('holds of one buyer in every state are sold in one batch, each from where its tickets are', async () => {
  const saleId = await putSale(redis, { buyerTicketsMax: 20 });
  const lapsed = await calls.hold(saleId);
  time.nowMs += 60_000;
  await calls.expire(saleId);
  const [held, confirming, released] = [await calls.hold(saleId), await calls.hold(saleId), await calls.hold(saleId)];
  await calls.begin(saleId, confirming);
  await calls.release(saleId, released);
  const items = [lapsed, held, confirming, released, placing()].map(finishing);

  const replies = await finishConfirms(redis, { saleId, items });

  assert.equal(replies, ['debited', 'sold', 'sold', 'debited', 'debited']);
  assert.equal(await stockOf(redis, saleId), { std: [5, 0, 5] });
  const { buyers, due, leases, ended } = await assertLawful(redis, saleId);
  assert.is(buyers.get('alice'), '0,5');
  for (const ids of [due, leases, ended])
    assert.equal(
      [...ids.keys()].filter((id) => id !== '#'),
      [],
    );
});

test('a batch longer than what Lua can pass at once begins and is sold whole', async () => {
  const saleId = await putSale(redis, { tickets: { std: 2500 } });
  const holds = Array.from({ length: 2500 }, (_, index) => placing({ buyerId: `buyer-${index}` }));
  for (let from = 0; from < holds.length; from += 500) await calls.placeAll(saleId, holds.slice(from, from + 500));
  const begins = holds.map((hold) => ({ ...hold, attemptId: 'attempt-1' }));

  const begun: string[] = [];
  for (let from = 0; from < begins.length; from += 1250) {
    const items = begins.slice(from, from + 1250);
    const replies = await beginConfirms(redis, { saleId, items, options: { ...limits.begin, ...limits.memory } });
    begun.push(...replies.map(({ status }) => status));
  }
  const confirming = await assertLawful(redis, saleId);
  const sold: string[] = [];
  for (let from = 0; from < holds.length; from += 1250) {
    sold.push(...(await finishConfirms(redis, { saleId, items: holds.slice(from, from + 1250).map(finishing) })));
  }

  assert.equal([new Set(begun), begun.length], [new Set(['begun']), 2500]);
  assert.is(confirming.leases.size, 2501);
  assert.equal([new Set(sold), sold.length], [new Set(['sold']), 2500]);
  assert.equal(await stockOf(redis, saleId), { std: [0, 0, 2500] });
  await assertLawful(redis, saleId);
});

test('a finish that races release, expiry and void on two connections sells once', async () => {
  const other = callsOn(await another());
  for (let round = 0; round < 10; round++) {
    const saleId = await putSale(redis);
    const hold = await calls.hold(saleId, { lines: linesOf({ std: 2 }) });

    await Promise.all([
      other.release(saleId, hold),
      calls.giveBack(saleId, hold),
      other.finish(saleId, hold),
      calls.finish(saleId, hold),
      other.expire(saleId),
    ]);

    assert.equal(await stockOf(redis, saleId), { std: [8, 0, 2] });
    assert.is(await finishes(saleId), 1);
    await assertLawful(redis, saleId);
  }
});

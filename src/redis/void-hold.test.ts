import * as assert from 'uvu/assert';
import { callsOn, placing } from '../testing/redis-calls.ts';
import { linesOf, openTestRedis, putSale } from '../testing/redis-sale.ts';
import { assertLawful, holdOf, stateOf, stockOf } from '../testing/redis-state.ts';
import { suite } from '../testing/suite.ts';

const test = suite('void-hold');
const { redis, time, another, close } = await openTestRedis();
const calls = callsOn(redis);
test.after(close);

const start = time.nowMs;
test.before.each(() => {
  time.nowMs = start;
});

test('a confirming hold is given back whatever attempts are open', async () => {
  const saleId = await putSale(redis, { tickets: { std: 5, vip: 5 } });
  const hold = await calls.hold(saleId, { lines: linesOf({ std: 1, vip: 2 }) });
  await calls.begin(saleId, hold, 'attempt-1');
  await calls.begin(saleId, hold, 'attempt-2');

  const reply = await calls.giveBack(saleId, hold);

  assert.is(reply, 'given_back');
  assert.equal(await stockOf(redis, saleId), { std: [5, 0, 0], vip: [5, 0, 0] });
  assert.is((await holdOf(redis, saleId, hold.holdId))?.status, 'expired');
  await assertLawful(redis, saleId);
});

test('a held hold is given back too', async () => {
  const saleId = await putSale(redis);
  const hold = await calls.hold(saleId, { keyed: true });

  assert.is(await calls.giveBack(saleId, hold), 'given_back');
  const { ended } = await assertLawful(redis, saleId);
  assert.is(ended.get(hold.holdId), String(start + 60_000 + 86_400_000));
});

test('the attempts of a voided hold can no longer reopen it', async () => {
  const saleId = await putSale(redis);
  const hold = await calls.hold(saleId);
  await calls.begin(saleId, hold);
  await calls.giveBack(saleId, hold);
  const before = await stateOf(redis, saleId);

  assert.is(await calls.abort(saleId, hold), 'ignored');
  assert.equal(await calls.begin(saleId, hold), { status: 'expired' });
  assert.equal(await assertLawful(redis, saleId), before);
});

test('what is not live here is left as it is, so a repeat changes nothing', async () => {
  const saleId = await putSale(redis);
  const voided = await calls.hold(saleId);
  await calls.giveBack(saleId, voided);
  const released = await calls.hold(saleId);
  await calls.release(saleId, released);
  const sold = await calls.sell(saleId);
  const before = await stateOf(redis, saleId);

  const replies = [];
  for (const hold of [voided, released, sold]) replies.push(await calls.giveBack(saleId, hold));

  assert.equal(replies, Array(3).fill('ignored'));
  assert.equal(await assertLawful(redis, saleId), before);
});

test('an id that was unknown is remembered as ended, so that it never lives again', async () => {
  const saleId = await putSale(redis);
  const unknown = placing({ keyed: true });

  const reply = await calls.giveBack(saleId, unknown);
  const replayed = await calls.place(saleId, unknown);
  const begun = await calls.begin(saleId, unknown);
  const again = await calls.giveBack(saleId, unknown);

  assert.equal([reply, again], ['remembered', 'ignored']);
  assert.is(replayed.status === 'exists' && replayed.hold.status, 'expired');
  assert.equal(begun, { status: 'expired' });
  assert.equal(await stockOf(redis, saleId), { std: [10, 0, 0] });
});

test('twenty voids at once on two connections give the tickets back once', async () => {
  const saleId = await putSale(redis);
  const other = callsOn(await another());
  const hold = await calls.hold(saleId, { lines: linesOf({ std: 3 }) });
  await calls.begin(saleId, hold);

  const replies = await Promise.all(
    Array.from({ length: 20 }, (_, index) => (index % 2 ? calls : other).giveBack(saleId, hold)),
  );

  assert.is(replies.filter((reply) => reply === 'given_back').length, 1);
  assert.equal(await stockOf(redis, saleId), { std: [10, 0, 0] });
  await assertLawful(redis, saleId);
});

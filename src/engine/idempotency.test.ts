import * as assert from 'uvu/assert';
import { saleKeys } from '../redis/keys.ts';
import { assertAgreement, redisOf } from '../testing/agreement.ts';
import { hold, openSale, openTestEngine, stockOf } from '../testing/engine.ts';
import { suite } from '../testing/suite.ts';
import { persistently } from '../testing/until.ts';

const test = suite('idempotency keys of reserve');
const main = await openTestEngine();
const other = await openTestEngine({}, { sharing: main });
// Its scripts take the time from here, where it stands still until a test moves it.
const time = { nowMs: Date.now() };
const timed = await openTestEngine({}, { sharing: main, clock: () => time.nowMs });
const { engine } = main;
test.after(async () => {
  await timed.close();
  await other.close();
  await main.close();
});

const one = [{ ticketTypeId: 'std', quantity: 1 }];
const idempotencyKey = 'the key';

test('the same key with the same lines is the same hold, and only the first answer is new', async () => {
  const saleId = await openSale(engine, 10);

  const first = await engine.reserve({ saleId, buyerId: 'alice', lines: one, idempotencyKey });
  const second = await other.engine.reserve({ saleId, buyerId: 'alice', lines: one, idempotencyKey });

  assert.ok(first.status === 'held' && second.status === 'held');
  if (first.status !== 'held' || second.status !== 'held') return;
  assert.equal([first.replayed, second.replayed], [false, true]);
  assert.equal(second.hold, first.hold);
  assert.is((await stockOf(engine, saleId)).held, 1);
});

test('a hundred times in parallel, from two processes, the same key is one hold', async () => {
  const saleId = await openSale(engine, 10);

  const outcomes = await Promise.all(
    Array.from({ length: 100 }, (_, n) =>
      (n % 2 === 0 ? main : other).engine.reserve({ saleId, buyerId: 'alice', lines: one, idempotencyKey }),
    ),
  );

  const tokens = outcomes.map((outcome) => (outcome.status === 'held' ? outcome.hold.token : outcome.status));
  assert.is(new Set(tokens).size, 1);
  assert.is(outcomes.filter((outcome) => outcome.status === 'held' && !outcome.replayed).length, 1);
  assert.is((await stockOf(engine, saleId)).held, 1);
  await assertAgreement(main, saleId);
});

test('the same key with other lines is a mismatch and changes nothing, also after the hold has ended', async () => {
  const saleId = await openSale(engine, 10);
  const two = [{ ticketTypeId: 'std', quantity: 2 }];
  const { token } = await hold(engine, { saleId, buyerId: 'alice', idempotencyKey });

  const live = await engine.reserve({ saleId, buyerId: 'alice', lines: two, idempotencyKey });
  await engine.release({ buyerId: 'alice', token });
  const ended = await engine.reserve({ saleId, buyerId: 'alice', lines: two, idempotencyKey });

  assert.equal([live.status, ended.status], ['idempotency_mismatch', 'idempotency_mismatch']);
  assert.is((await stockOf(engine, saleId)).available, 10);
});

test('a key that is used again after Redis forgot its hold: the token of the first promise buys nothing of the second', async () => {
  const ticketTypes = ['std', 'vip'].map((id) => ({ ticketTypeId: id, name: id, priceMinor: 5000, capacity: 3 }));
  const saleId = await openSale(engine, 3, { ticketTypes });
  const first = await hold(engine, { saleId, buyerId: 'alice', idempotencyKey });
  const redis = await redisOf(main);
  await redis.client.del(...saleKeys(redis.keyPrefix, saleId));
  redis.end();
  await persistently(() => engine.sales.stock(saleId));
  const vip = [{ ticketTypeId: 'vip', quantity: 2 }];
  const second = await hold(engine, { saleId, buyerId: 'alice', idempotencyKey, lines: vip });

  const old = await engine.confirm({ buyerId: 'alice', token: first.token });
  const bought = await engine.confirm({ buyerId: 'alice', token: second.token });

  assert.is(second.holdId, first.holdId);
  assert.equal(old, { status: 'hold_expired' });
  assert.is(bought.status === 'confirmed' && bought.order.lines[0]?.ticketTypeId, 'vip');
  await assertAgreement(main, saleId);
});

test('a key whose hold was released, has lapsed or was sold never makes a second hold', async () => {
  const saleId = await openSale(engine, 10, { holdTtlMs: 200 });
  const released = { saleId, buyerId: 'alice', lines: one, idempotencyKey };
  const lapsed = { saleId, buyerId: 'bob', lines: one, idempotencyKey };
  const sold = { saleId, buyerId: 'carol', lines: one, idempotencyKey };
  const holds = await Promise.all([released, lapsed, sold].map((input) => hold(timed.engine, input)));
  await timed.engine.release({ buyerId: 'alice', token: holds[0]?.token ?? '' });
  await timed.engine.confirm({ buyerId: 'carol', token: holds[2]?.token ?? '' });
  time.nowMs += 230;

  const repeats = await Promise.all([released, lapsed, sold].map((input) => timed.engine.reserve(input)));

  assert.equal(
    repeats.map((outcome) => outcome.status),
    ['hold_released', 'hold_expired', 'held'],
  );
  assert.equal(repeats[2], { status: 'held', hold: holds[2], replayed: true });
  await timed.engine.work.sweepSale(saleId);
  const stock = await stockOf(engine, saleId);
  assert.equal([stock.available, stock.held, stock.sold], [9, 0, 1]);
  await assertAgreement(main, saleId);
});

test('a refused reserve is not remembered: the same key may win later', async () => {
  const saleId = await openSale(engine, 1);
  const { token } = await hold(engine, { saleId, buyerId: 'alice' });

  const refused = await engine.reserve({ saleId, buyerId: 'bob', lines: one, idempotencyKey });
  await engine.release({ buyerId: 'alice', token });
  const won = await engine.reserve({ saleId, buyerId: 'bob', lines: one, idempotencyKey });

  assert.equal([refused.status, won.status], ['all_held', 'held']);
});

test('a key belongs to one buyer and one sale, also where their ids run into each other', async () => {
  const sales = [await openSale(engine, 10), await openSale(engine, 10)];
  const inputs = sales.flatMap((saleId) =>
    [
      { buyerId: 'alice', idempotencyKey: 'key' },
      { buyerId: 'Alice', idempotencyKey: 'key' },
      { buyerId: 'alicek', idempotencyKey: 'ey' },
      { buyerId: `alice${saleId}`, idempotencyKey: 'key' },
    ].map((who) => ({ ...who, saleId })),
  );

  const holds = await Promise.all(inputs.map((input) => hold(engine, input)));

  assert.is(new Set(holds.map(({ holdId }) => holdId)).size, inputs.length);
});

import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { admin, hold, openSale, openTestEngine, stockOf } from '../testing/engine.ts';
import { suite } from '../testing/suite.ts';

const test = suite('the life of a hold');
// It stands still until a test moves it, so that no hold lapses because the machine was slow.
const time = { nowMs: Date.now() };
const { engine, close } = await openTestEngine({}, { clock: () => time.nowMs });
test.after(close);

test('a hold that is confirmed becomes one order, and a repeat gives the same one', async () => {
  const saleId = await openSale(engine, 10);
  const { token, holdId } = await hold(engine, {
    saleId,
    buyerId: 'alice',
    lines: [{ ticketTypeId: 'std', quantity: 2 }],
  });

  const first = await engine.confirm({ buyerId: 'alice', token });
  const second = await engine.confirm({ buyerId: 'alice', token });

  assert.is(first.status, 'confirmed');
  assert.is(second.status, 'confirmed');
  if (first.status !== 'confirmed' || second.status !== 'confirmed') return;
  assert.is(first.replayed, false);
  assert.is(second.replayed, true);
  assert.equal(second.order, first.order);
  assert.is(first.order.holdId, holdId);
  assert.is(first.order.totalMinor, 10_000);
  const stock = await stockOf(engine, saleId);
  assert.equal([stock.available, stock.held, stock.sold, stock.soldInMysql, stock.balanced], [8, 0, 2, 2, true]);
});

test('holds of a sale have ids in the order in which they were made', async () => {
  const saleId = await openSale(engine, 10);
  const ids: string[] = [];

  for (const buyerId of ['alice', 'bob', 'carol', 'dave']) {
    ids.push((await hold(engine, { saleId, buyerId })).holdId);
    await sleep(2);
  }

  assert.equal(ids.toSorted(), ids);
});

test('a released hold gives its tickets back once, and its token buys nothing', async () => {
  const saleId = await openSale(engine, 1);
  const { token, holdId } = await hold(engine, { saleId, buyerId: 'alice' });

  const first = await engine.release({ buyerId: 'alice', token });
  const second = await engine.release({ buyerId: 'alice', token });
  const confirm = await engine.confirm({ buyerId: 'alice', token });

  assert.equal(first, { status: 'released', holdId, replayed: false });
  assert.equal(second, { status: 'released', holdId, replayed: true });
  assert.equal(confirm, { status: 'hold_released' });
  assert.is((await stockOf(engine, saleId)).available, 1);
});

test('a hold whose deadline has passed is expired although nobody has swept it', async () => {
  const saleId = await openSale(engine, 1, { holdTtlMs: 50 });
  const { token } = await hold(engine, { saleId, buyerId: 'alice' });
  time.nowMs += 80;

  const confirm = await engine.confirm({ buyerId: 'alice', token });
  const next = await engine.reserve({ saleId, buyerId: 'bob', lines: [{ ticketTypeId: 'std', quantity: 1 }] });

  assert.equal(confirm, { status: 'hold_expired' });
  assert.is(next.status, 'held');
});

test('a reserve that finds nothing left takes what has lapsed', async () => {
  const saleId = await openSale(engine, 1, { holdTtlMs: 50 });
  await hold(engine, { saleId, buyerId: 'alice' });
  const early = await engine.reserve({ saleId, buyerId: 'bob', lines: [{ ticketTypeId: 'std', quantity: 1 }] });
  time.nowMs += 80;

  const late = await engine.reserve({ saleId, buyerId: 'bob', lines: [{ ticketTypeId: 'std', quantity: 1 }] });

  assert.is(early.status, 'all_held');
  assert.is(late.status, 'held');
});

test('two thousand buyers at once get exactly the hundred tickets', async () => {
  const saleId = await openSale(engine, 100);

  const outcomes = await Promise.all(
    Array.from({ length: 2000 }, (_, buyer) =>
      engine.reserve({ saleId, buyerId: `buyer-${buyer}`, lines: [{ ticketTypeId: 'std', quantity: 1 }] }),
    ),
  );

  assert.is(outcomes.filter((outcome) => outcome.status === 'held').length, 100);
  assert.is(outcomes.filter((outcome) => outcome.status === 'all_held').length, 1900);
  const stock = await stockOf(engine, saleId);
  assert.equal([stock.available, stock.held, stock.sold], [0, 100, 0]);
});

test('the same confirm fifty times in parallel is one order', async () => {
  const saleId = await openSale(engine, 10);
  const { token } = await hold(engine, { saleId, buyerId: 'alice' });

  const outcomes = await Promise.all(Array.from({ length: 50 }, () => engine.confirm({ buyerId: 'alice', token })));

  const orders = new Set(
    outcomes.map((outcome) => (outcome.status === 'confirmed' ? outcome.order.orderId : outcome.status)),
  );
  assert.is(orders.size, 1);
  assert.is(outcomes.filter((outcome) => outcome.status === 'confirmed' && !outcome.replayed).length, 1);
  assert.is((await stockOf(engine, saleId)).soldInMysql, 1);
});

test('a crowd of admins who release lapsed holds does not use up the connections', async () => {
  const saleId = await openSale(engine, 40, { holdTtlMs: 20 });
  const holds = await Promise.all(
    Array.from({ length: 40 }, (_, n) => hold(engine, { saleId, buyerId: `buyer-${n}` })),
  );
  time.nowMs += 40;

  const outcomes = await Promise.all(
    holds.map(({ holdId }) => engine.holds.release({ ...admin, holdId, reason: 'a test' })),
  );

  assert.equal(outcomes, Array(40).fill({ status: 'hold_expired' }));
});

test('a resync of a sale that is right changes nothing and is audited', async () => {
  const saleId = await openSale(engine, 10);
  await hold(engine, { saleId, buyerId: 'alice' });

  const outcome = await engine.sales.resync({ ...admin, saleId, dryRun: false, reason: 'a look' });

  const counts = { available: 9, held: 1, sold: 0 };
  assert.equal(outcome, {
    status: 'resynced',
    applied: true,
    ticketTypes: [{ ticketTypeId: 'std', before: counts, after: counts, drift: 0 }],
  });
  const audit = await engine.audit.list({ saleId, limit: 10 });
  assert.equal(
    audit.items.map((entry) => entry.action),
    ['sale.resync', 'sale.create'],
  );
});

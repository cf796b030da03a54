import * as assert from 'uvu/assert';
import { UnavailableError } from '../domain/errors.ts';
import type { CommitOutcome } from '../domain/order.ts';
import { suite } from '../testing/suite.ts';
import { closeMysql } from './connection.ts';
import { orderByHold } from './orders.ts';
import { insertVoid } from './outcomes.ts';
import { bumpEpoch } from './sale-rebuild.ts';
import { aDraft, countsOf, storedSale, testMysql, testWriter } from './testing.ts';
import { transact } from './transact.ts';

const test = suite('order writer');
const mysql = testMysql();
const writer = testWriter(mysql, { batchMax: 50 });
test.after(() => closeMysql(mysql));

const words = (outcomes: CommitOutcome[]) => outcomes.map((outcome) => outcome.status);
const count = (outcomes: CommitOutcome[], status: string) => words(outcomes).filter((it) => it === status).length;

test('one draft becomes one row of every table', async () => {
  const sale = await storedSale(mysql, { seat: 3, box: 2 });
  const draft = aDraft(sale.saleId, { box: 1, seat: 2 }, { buyerId: 'Zoë ☕ ' });

  const outcome = await writer.commit(draft);

  assert.is(outcome.status, 'sold');
  const order = await orderByHold(mysql.db, draft.holdId);
  const { epoch: _, ...rest } = draft;
  const createdAtMs = outcome.status === 'sold' ? outcome.createdAtMs : 0;
  assert.equal(order, { ...rest, status: 'confirmed', createdAtMs });
  const seats = { sold: 2, left: 1, ledger: 1, tickets: 2, orders: 1, soldHolds: 1, voidHolds: 0 };
  assert.equal(await countsOf(mysql, sale.saleId), seats);
  const events = mysql.db.selectFrom('outbox_events').selectAll().where('subject', '=', draft.orderId);
  const event = await events.executeTakeFirstOrThrow();
  assert.is(event.type, 'order.confirmed');
  assert.is(event.published_at_ms, null);
  const payload = JSON.parse(event.payload);
  assert.is(payload.specversion, '1.0');
  assert.equal(payload.data.lines, draft.lines);
  assert.is(payload.data.buyerId, 'Zoë ☕ ');
});

test('200 drafts at once for 100 tickets sell exactly 100', async () => {
  const sale = await storedSale(mysql);

  const outcomes = await Promise.all(Array.from({ length: 200 }, () => writer.commit(aDraft(sale.saleId))));

  assert.is(count(outcomes, 'sold'), 100);
  assert.is(count(outcomes, 'refused'), 100);
  const expected = { sold: 100, left: 0, ledger: 0, tickets: 100, orders: 100, soldHolds: 100, voidHolds: 100 };
  assert.equal(await countsOf(mysql, sale.saleId), expected);
});

test('two writers at once oversell nothing and leave nothing unsold', async () => {
  const sale = await storedSale(mysql, { seat: 60 });
  const other = testWriter(mysql, { batchMax: 7 });
  const drafts = Array.from({ length: 100 }, () => aDraft(sale.saleId));

  const outcomes = await Promise.all(drafts.map((draft, index) => (index % 2 ? writer : other).commit(draft)));

  assert.is(count(outcomes, 'sold'), 60);
  assert.is(count(outcomes, 'refused'), 40);
  assert.is((await countsOf(mysql, sale.saleId)).ledger, 0);
});

test('two writers with the same holds give each hold one order', async () => {
  const sale = await storedSale(mysql);
  const other = testWriter(mysql, { batchMax: 7 });
  const first = Array.from({ length: 40 }, () => aDraft(sale.saleId));
  const second = first.map(({ holdId }) => aDraft(sale.saleId, { seat: 1 }, { holdId })).reverse();

  const outcomes = await Promise.all([
    ...first.map((draft) => writer.commit(draft)),
    ...second.map((draft) => other.commit(draft)),
  ]);

  assert.is(count(outcomes, 'sold'), 40);
  assert.is(count(outcomes, 'already_sold'), 40);
  assert.is((await countsOf(mysql, sale.saleId)).sold, 40);
});

test('many sales run side by side and each adds up', async () => {
  const sales = await Promise.all(Array.from({ length: 12 }, () => storedSale(mysql, { a: 20, b: 15 })));
  const drafts = sales.flatMap(({ saleId }) =>
    Array.from({ length: 20 }, (_, index) => aDraft(saleId, index % 2 ? { a: 1, b: 1 } : { b: 1, a: 1 })),
  );

  const outcomes = await Promise.all(drafts.map((draft) => writer.commit(draft)));

  assert.is(count(outcomes, 'sold'), 12 * 15);
  for (const { saleId } of sales) {
    const [a, b] = [await countsOf(mysql, saleId, 'a'), await countsOf(mysql, saleId, 'b')];
    assert.equal([a.sold, a.ledger, b.sold, b.ledger], [15, 5, 15, 0]);
  }
});

test('one hold twice in one batch: both are told the one order', async () => {
  const sale = await storedSale(mysql);
  const draft = aDraft(sale.saleId);
  const rival = aDraft(sale.saleId, { seat: 1 }, { holdId: draft.holdId });

  const [first, second, again] = await Promise.all([draft, rival, draft].map((it) => writer.commit(it)));

  assert.is(first?.status, 'sold');
  assert.equal(second, { status: 'already_sold', orderId: draft.orderId });
  assert.equal(again, first);
  assert.is((await countsOf(mysql, sale.saleId)).sold, 1);
});

test('decided holds hear the word that stands and their neighbours are sold', async () => {
  const sale = await storedSale(mysql);
  const [sold, voided] = [aDraft(sale.saleId), aDraft(sale.saleId)];
  await writer.commit(sold);
  await insertVoid(mysql, { holdId: voided.holdId, saleId: sale.saleId });
  const rival = aDraft(sale.saleId, { seat: 1 }, { holdId: sold.holdId });

  const outcomes = await Promise.all(
    [aDraft(sale.saleId), rival, voided, aDraft(sale.saleId)].map((it) => writer.commit(it)),
  );

  assert.equal(words(outcomes), ['sold', 'already_sold', 'void', 'sold']);
  assert.is((await countsOf(mysql, sale.saleId)).sold, 3);
});

test('a draft of an older epoch is fenced, one of the new epoch beside it is sold', async () => {
  const sale = await storedSale(mysql);
  const epoch = await transact(mysql, {}, (trx) => bumpEpoch(trx, sale.saleId));
  const drafts = [aDraft(sale.saleId), aDraft(sale.saleId, { seat: 1 }, { epoch }), aDraft(sale.saleId)];

  const outcomes = await Promise.all(drafts.map((draft) => writer.commit(draft)));

  assert.equal(words(outcomes), ['fenced', 'sold', 'fenced']);
  assert.equal((await countsOf(mysql, sale.saleId)).soldHolds, 1);
});

test('a big order that does not fit does not refuse its small neighbours', async () => {
  const sale = await storedSale(mysql, { seat: 4 });
  const drafts = [1, 8, 1, 1, 5, 1].map((seat) => aDraft(sale.saleId, { seat }));

  const outcomes = await Promise.all(drafts.map((draft) => writer.commit(draft)));

  assert.equal(words(outcomes), ['sold', 'refused', 'sold', 'sold', 'refused', 'sold']);
  const counts = await countsOf(mysql, sale.saleId);
  assert.equal([counts.sold, counts.ledger, counts.soldHolds, counts.voidHolds], [4, 0, 4, 2]);
});

test('an order of two types is refused whole when one of them is short', async () => {
  const sale = await storedSale(mysql, { a: 5, b: 1 });

  const outcomes = await Promise.all(
    [aDraft(sale.saleId, { a: 1, b: 2 }), aDraft(sale.saleId, { a: 2, b: 1 })].map((draft) => writer.commit(draft)),
  );

  assert.equal(words(outcomes), ['refused', 'sold']);
  assert.equal((await countsOf(mysql, sale.saleId, 'a')).sold, 2);
});

test('a refused hold stays void, also when capacity comes later', async () => {
  const sale = await storedSale(mysql, { seat: 0 });
  const draft = aDraft(sale.saleId);
  const first = await writer.commit(draft);
  await mysql.db.updateTable('ticket_types').set({ capacity: 5 }).where('sale_id', '=', sale.saleId).execute();

  const second = await writer.commit(draft);

  assert.equal([first.status, second.status], ['refused', 'void']);
});

test('bad drafts fail alone, for a reason, and their neighbours are sold', async () => {
  const sale = await storedSale(mysql);
  const line = { ticketTypeId: 'seat', quantity: 1, priceMinor: 1 };
  const taken = aDraft(sale.saleId);
  await writer.commit(taken);
  const bad = [
    aDraft(sale.saleId, { seat: 1 }, { holdId: 'h'.repeat(65) }),
    aDraft(sale.saleId, { seat: 0 }),
    aDraft(sale.saleId, { seat: -1 }),
    aDraft(sale.saleId, { seat: Number.NaN }),
    aDraft(sale.saleId, { unknown: 1 }),
    aDraft(sale.saleId, {}, { lines: [line, line] }),
    aDraft(sale.saleId, {}, { lines: [] }),
    aDraft(sale.saleId, { seat: 1 }, { buyerId: 'b'.repeat(256) }),
    aDraft(sale.saleId, { seat: 1 }, { buyerId: '\ud800' }),
    aDraft(sale.saleId, { seat: 1 }, { totalMinor: -1 }),
    aDraft(sale.saleId, { seat: 1 }, { orderId: taken.orderId }),
    aDraft(sale.saleId, { seat: 1 }, { currency: "'; DROP TABLE orders; --" }),
  ];
  const drafts = bad.flatMap((draft) => [draft, aDraft(sale.saleId)]);

  const outcomes = await Promise.all(drafts.map((draft) => writer.commit(draft)));

  assert.equal(
    words(outcomes),
    bad.flatMap(() => ['failed', 'sold']),
  );
  for (const outcome of outcomes) if (outcome.status === 'failed') assert.instance(outcome.cause, Error);
  const counts = await countsOf(mysql, sale.saleId);
  assert.equal([counts.sold, counts.soldHolds, counts.voidHolds], [bad.length + 1, bad.length + 1, 0]);
});

test('a sale that does not exist fails its drafts', async () => {
  const outcomes = await Promise.all([writer.commit(aDraft('no-such-sale')), writer.commit(aDraft('no-such-sale'))]);

  assert.equal(words(outcomes), ['failed', 'failed']);
});

test('a lane that is full refuses at once, and idle waits for the rest', async () => {
  const sale = await storedSale(mysql);
  const small = testWriter(mysql, { batchMax: 2, waitingMax: 3 });
  const all = Promise.all(Array.from({ length: 5 }, () => small.commit(aDraft(sale.saleId))));

  await small.idle();

  assert.equal(words(await all), ['sold', 'sold', 'sold', 'failed', 'failed']);
  const last = (await all)[4];
  assert.instance(last?.status === 'failed' && last.cause, UnavailableError);
  assert.is((await countsOf(mysql, sale.saleId)).sold, 3);
});

test('a draft whose deadline is over is not sent', async () => {
  const sale = await storedSale(mysql);

  const outcome = await writer.commit(aDraft(sale.saleId), Date.now() - 1);

  assert.is(outcome.status, 'failed');
  assert.is((await countsOf(mysql, sale.saleId)).sold, 0);
});

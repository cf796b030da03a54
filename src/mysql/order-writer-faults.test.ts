import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import * as assert from 'uvu/assert';
import { UnavailableError } from '../domain/errors.ts';
import { suite } from '../testing/suite.ts';
import { until, within } from '../testing/until.ts';
import { closeMysql, connectMysql, type Mysql } from './connection.ts';
import { errnoOf } from './errors.ts';
import { createOrderWriter } from './order-writer.ts';
import {
  aDraft,
  badNetwork,
  type CommitFault,
  connectionsAt,
  countsOf,
  type Lateness,
  leftOpen,
  storedSale,
  testMysql,
  testWriter,
} from './testing.ts';
import { transact } from './transact.ts';

const test = suite('order writer under faults');
const mysql = testMysql();
const writer = createOrderWriter(mysql, { batchMax: 50 });
test.after(() => closeMysql(mysql));

const inSeconds = (seconds: number) => Date.now() + seconds * 1_000;

/** Locks a ticket type from another connection until `release` is called. */
async function lockedBy(other: Mysql, saleId: string, ticketTypeId = 'seat') {
  const end = await leftOpen(other, (trx) => {
    const rows = trx.selectFrom('ticket_types').selectAll().where('sale_id', '=', saleId);
    return rows.where('id', '=', ticketTypeId).forUpdate().execute();
  });
  return { release: () => end('commit') };
}

/** Kills what waits with an UPDATE of this sale's stock, the statement or its connection; says whether there was one. */
async function killWaitingUpdate(saleId: string, what: 'QUERY' | 'CONNECTION'): Promise<boolean> {
  for (let tries = 0; tries < 100; tries += 1) {
    const [id] = await connectionsAt(mysql, `UPDATE ticket_types SET sold%${saleId}%`);
    if (id !== undefined) {
      await sql.raw(`KILL ${what} ${id}`).execute(mysql.db);
      return true;
    }
    await sleep(10);
  }
  return false;
}

test('a deadlock is repeated and sold once', async () => {
  const sale = await storedSale(mysql, { a: 10, b: 10 });
  const ids = Array.from({ length: 500 }, (_, index) => `${sale.saleId}-${index}`);
  let pending: Promise<unknown> = Promise.resolve();

  // The rival locks b, we lock a and wait for b, it asks for a: the one that has written less is the victim, and that is us.
  await transact(mysql, {}, async (trx) => {
    const row = { sale_id: `${sale.saleId}-x`, outcome: 'void' as const, order_id: null, created_at_ms: 1 };
    await trx
      .insertInto('hold_outcomes')
      .values(ids.map((hold_id) => ({ ...row, hold_id })))
      .execute();
    const lock = (id: string) =>
      trx.updateTable('ticket_types').set({ position: 7 }).where('sale_id', '=', sale.saleId).where('id', '=', id);
    await lock('b').execute();
    pending = writer.commit(aDraft(sale.saleId, { a: 1, b: 1 }), inSeconds(5));
    await sleep(150);
    await lock('a').execute();
  });

  assert.is(((await pending) as { status: string }).status, 'sold');
  assert.equal((await countsOf(mysql, sale.saleId, 'a')).sold, 1);
});

test('a lock that comes late is waited for', async () => {
  const sale = await storedSale(mysql);
  const lock = await lockedBy(mysql, sale.saleId);
  const pending = Promise.all([1, 2, 3].map(() => writer.commit(aDraft(sale.saleId), inSeconds(8))));
  await sleep(1_300);

  await lock.release();

  assert.equal(
    (await pending).map((it) => it.status),
    ['sold', 'sold', 'sold'],
  );
});

test('a lock that never comes fails definitely after five tries', async () => {
  const sale = await storedSale(mysql);
  const lock = await lockedBy(mysql, sale.saleId);

  const outcome = await writer.commit(aDraft(sale.saleId), inSeconds(20));

  await lock.release();
  assert.is(outcome.status, 'failed');
  assert.is(outcome.status === 'failed' && errnoOf(outcome.cause), 1205);
  assert.is((await countsOf(mysql, sale.saleId)).soldHolds, 0);
});

test('what is under way at the deadline is called unknown, and the caller waits no longer', async () => {
  const sale = await storedSale(mysql);
  const lock = await lockedBy(mysql, sale.saleId);

  const outcome = await writer.commit(aDraft(sale.saleId), Date.now() + 200);

  // Who waited longer would have been told that the lock never came.
  assert.is(outcome.status, 'unknown');
  await lock.release();
  await writer.idle();
});

test('a connection killed before COMMIT is replaced, and the order is sold once', async () => {
  const sale = await storedSale(mysql);
  const lock = await lockedBy(mysql, sale.saleId);
  const pending = writer.commit(aDraft(sale.saleId), inSeconds(8));

  assert.ok(await killWaitingUpdate(sale.saleId, 'CONNECTION'));
  await sleep(50);
  await lock.release();

  assert.is((await pending).status, 'sold');
  assert.is((await countsOf(mysql, sale.saleId)).sold, 1);
});

test('a statement killed twice before COMMIT fails definitely', async () => {
  const sale = await storedSale(mysql);
  const lock = await lockedBy(mysql, sale.saleId);
  const pending = writer.commit(aDraft(sale.saleId), inSeconds(8));

  assert.ok(await killWaitingUpdate(sale.saleId, 'QUERY'));
  await sleep(100);
  assert.ok(await killWaitingUpdate(sale.saleId, 'QUERY'));

  const outcome = await pending;
  await lock.release();
  assert.is(outcome.status, 'failed');
  assert.instance(outcome.status === 'failed' && outcome.cause, UnavailableError);
  assert.is((await countsOf(mysql, sale.saleId)).soldHolds, 0);
});

/** Sells three seats over a network that harms COMMITs; the sale's setup does not go over it. */
async function sellOver(
  faults: CommitFault[],
  always: CommitFault,
  options: { queryTimeoutMs: number; patienceMs: number; late?: Lateness },
) {
  const unheard = faults.filter((fault) => fault === 'late' || fault === 'answer_lost').length;
  const network = await badNetwork(faults, always, options.late);
  const faulty = testMysql({ url: network.url, queryTimeoutMs: options.queryTimeoutMs });
  const sale = await storedSale(mysql);
  const faultyWriter = createOrderWriter(faulty, { batchMax: 50 });
  const drafts = [1, 2, 3].map(() => aDraft(sale.saleId));
  const deadlineMs = Date.now() + options.patienceMs;
  const outcomes = await Promise.all(drafts.map((draft) => faultyWriter.commit(draft, deadlineMs)));
  await faultyWriter.idle();
  await until('what nobody hears is answered', () => network.keptAnswers() === unheard);
  await closeMysql(faulty);
  await network.close();
  const counts = await countsOf(mysql, sale.saleId);
  return { words: outcomes.map((it) => it.status), counts, commits: network.commits() };
}

test('a COMMIT whose answer is lost is sold, once', async () => {
  const result = await sellOver(['answer_lost'], 'none', { queryTimeoutMs: 2_000, patienceMs: 5_000 });

  assert.equal(result.words, ['sold', 'sold', 'sold']);
  assert.equal([result.counts.sold, result.counts.orders, result.counts.ledger], [3, 3, 97]);
  // Repeated, it met its own keys and went no further.
  assert.is(result.commits, 2);
});

test('a COMMIT that never arrived is repeated and sold', async () => {
  const result = await sellOver(['request_lost', 'request_lost'], 'none', { queryTimeoutMs: 2_000, patienceMs: 5_000 });

  assert.equal(result.words, ['sold', 'sold', 'sold']);
  assert.equal([result.counts.sold, result.counts.orders, result.commits], [3, 3, 3]);
});

test('COMMITs answered by a deadlock are repeated four times and then failed, definitely', async () => {
  const sold = await sellOver(['deadlock', 'deadlock'], 'none', { queryTimeoutMs: 2_000, patienceMs: 5_000 });
  const failed = await sellOver([], 'deadlock', { queryTimeoutMs: 2_000, patienceMs: 5_000 });

  assert.equal([sold.words, sold.commits], [['sold', 'sold', 'sold'], 3]);
  assert.equal([failed.words, failed.commits], [['failed', 'failed', 'failed'], 5]);
  assert.equal([failed.counts.sold, failed.counts.orders], [0, 0]);
});

test('an order that is committed after we gave it up is found by the repeat', async () => {
  const sale = await storedSale(mysql);
  const lock = await lockedBy(mysql, sale.saleId);
  const hasty = testMysql({ queryTimeoutMs: 1_000, lockWaitSeconds: 4 });
  const pending = createOrderWriter(hasty, { batchMax: 50 }).commit(aDraft(sale.saleId), inSeconds(10));

  await sleep(1_500);
  await lock.release();

  assert.is((await pending).status, 'sold');
  await closeMysql(hasty);
  assert.is((await countsOf(mysql, sale.saleId)).sold, 1);
});

test('a COMMIT that arrives after we gave it up changes nothing', async () => {
  const result = await sellOver(['late'], 'none', { queryTimeoutMs: 1_000, patienceMs: 10_000, late: { ms: 2_500 } });

  assert.equal(result.words, ['sold', 'sold', 'sold']);
  assert.equal([result.counts.sold, result.counts.orders, result.counts.ledger], [3, 3, 97]);
});

test('that repeats are refused says nothing of the one that is still on its way', async () => {
  const result = await sellOver(['late'], 'deadlock', {
    // More repeats than a definite failure takes.
    ...{ queryTimeoutMs: 1_000, patienceMs: 10_000, late: { commits: 7 } },
  });

  assert.equal(result.words, ['sold', 'sold', 'sold']);
  assert.equal([result.counts.sold, result.counts.orders], [3, 3]);
});

test('COMMITs that are never answered are unknown at the deadline', async () => {
  const result = await sellOver([], 'request_lost', { queryTimeoutMs: 2_000, patienceMs: 700 });

  assert.equal(result.words, ['unknown', 'unknown', 'unknown']);
  assert.is(result.counts.sold, 0);
});

test('a COMMIT in doubt is never called failed, even when MySQL is gone afterwards', async () => {
  const network = await badNetwork(['answer_lost'], 'request_lost');
  const faulty = testMysql({ url: network.url });
  const sale = await storedSale(mysql);
  const pending = createOrderWriter(faulty, { batchMax: 50 }).commit(aDraft(sale.saleId), Date.now() + 900);
  await until('MySQL has committed', () => network.keptAnswers() === 1);
  await network.close();

  const outcome = await pending;

  await closeMysql(faulty);
  assert.is(outcome.status, 'unknown');
  assert.is((await countsOf(mysql, sale.saleId)).sold, 1);
});

test('without MySQL every draft fails definitely within a second', async () => {
  const silent = createServer();
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const { port } = silent.address() as AddressInfo;
  const open = new Set<import('node:net').Socket>();
  silent.on('connection', (socket) => open.add(socket));

  for (const address of ['127.0.0.1:1', `127.0.0.1:${port}`]) {
    const away = connectMysql({ ...mysql.options, url: `mysql://u:p@${address}/d`, connectTimeoutMs: 800 });
    const awayWriter = testWriter(away, { batchMax: 50 });
    const commits = [1, 2, 3].map(async (it) => (await awayWriter.commit(aDraft(`away-${it}`))).status);
    assert.equal(await within(1_000, Promise.all(commits)), ['failed', 'failed', 'failed']);
    await closeMysql(away);
  }

  for (const socket of open) socket.destroy();
  silent.close();
});

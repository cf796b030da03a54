import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import * as assert from 'uvu/assert';
import { InvariantError, UnavailableError } from '../domain/errors.ts';
import { freshId } from '../testing/stack.ts';
import { suite } from '../testing/suite.ts';
import { failureOf, until } from '../testing/until.ts';
import { closeMysql } from './connection.ts';
import { CommitUnknownError, errnoOf, isDuplicate, isLockConflict, NoConnectionError } from './errors.ts';
import { readOutcomes } from './outcomes.ts';
import type { Trx } from './tables.ts';
import { badNetwork, killConnection, testMysql } from './testing.ts';
import { transact } from './transact.ts';

const test = suite('transact');
const mysql = testMysql();
test.after(() => closeMysql(mysql));

const voidRow = (holdId: string) => ({
  ...{ hold_id: holdId, sale_id: 'transact', outcome: 'void' as const, order_id: null, created_at_ms: 1 },
});
const write = (trx: Trx, holdId: string) => trx.insertInto('hold_outcomes').values(voidRow(holdId)).execute();
const isStored = async (holdId: string) => (await readOutcomes(mysql.db, [holdId])).size === 1;

test('what work throws comes out as it is, and nothing is written', async () => {
  const holdId = freshId('hold');
  const mine = new Error('mine');

  const error = await failureOf(() =>
    transact(mysql, {}, async (trx) => {
      await write(trx, holdId);
      throw mine;
    }),
  );

  assert.is(error, mine);
  assert.not(await isStored(holdId));
});

test('a duplicate may be caught and the transaction goes on', async () => {
  const [first, second] = [freshId('hold'), freshId('hold')];

  await transact(mysql, {}, async (trx) => {
    await write(trx, first);
    assert.ok(isDuplicate(await failureOf(() => write(trx, first))));
    await write(trx, second);
  });

  assert.ok((await isStored(first)) && (await isStored(second)));
});

test('a lock timeout that work swallows still undoes everything', async () => {
  const [holdId, contended] = [freshId('hold'), freshId('hold')];
  await write(mysql.db as Trx, contended);

  await transact(mysql, {}, async (rival) => {
    await rival.selectFrom('hold_outcomes').selectAll().where('hold_id', '=', contended).forUpdate().execute();
    const error = await failureOf(() =>
      transact(mysql, {}, async (trx) => {
        await write(trx, holdId);
        const update = trx.updateTable('hold_outcomes').set({ created_at_ms: 2 }).where('hold_id', '=', contended);
        await failureOf(() => update.execute());
        await failureOf(() => write(trx, freshId('hold')));
      }),
    );
    assert.ok(isLockConflict(error));
    assert.instance(error, UnavailableError);
  });

  assert.not(await isStored(holdId));
});

test('a statement after the end of its transaction is refused', async () => {
  let kept: Trx | null = null;
  await transact(mysql, {}, async (trx) => {
    kept = trx;
  });

  assert.instance(await failureOf(() => write(kept as unknown as Trx, freshId('hold'))), InvariantError);
});

test('a transaction whose statements are not awaited is undone', async () => {
  const holdId = freshId('hold');

  const error = await failureOf(() =>
    transact(mysql, {}, async (trx) => {
      await write(trx, holdId);
      void sql`do sleep(0.2)`.execute(trx).catch(() => undefined);
      await sleep(20);
    }),
  );

  assert.instance(error, InvariantError);
  await sleep(50);
  assert.not(await isStored(holdId));
});

test('a connection killed in a transaction is a definite failure, and the pool goes on', async () => {
  const holdId = freshId('hold');

  const error = await failureOf(() =>
    transact(mysql, {}, async (trx) => {
      await write(trx, holdId);
      const { rows } = await sql<{ id: number }>`select connection_id() as id`.execute(trx);
      await killConnection(mysql, rows[0]?.id ?? 0);
      // A COMMIT that is sent before we have heard of it would be unknown.
      await sleep(50);
    }),
  );

  assert.instance(error, UnavailableError);
  assert.not.instance(error, CommitUnknownError);
  assert.not(await isStored(holdId));
});

for (const fault of ['answer_lost', 'request_lost'] as const)
  test(`a COMMIT that ends by ${fault} is unknown`, async () => {
    const holdId = freshId('hold');
    const network = await badNetwork([fault]);
    const faulty = testMysql({ url: network.url });

    const error = await failureOf(() => transact(faulty, {}, (trx) => write(trx, holdId)));

    await closeMysql(faulty);
    await network.close();
    assert.instance(error, CommitUnknownError);
    assert.is(await isStored(holdId), fault === 'answer_lost');
  });

test('a COMMIT answered by a deadlock is a definite failure, and its connection serves on', async () => {
  const [holdId, next] = [freshId('hold'), freshId('hold')];
  const network = await badNetwork(['deadlock']);
  const faulty = testMysql({ url: network.url, connectionsMax: 1 });

  const error = await failureOf(() => transact(faulty, {}, (trx) => write(trx, holdId)));
  await transact(faulty, {}, (trx) => write(trx, next));

  await closeMysql(faulty);
  await network.close();
  assert.ok(isLockConflict(error));
  assert.not.instance(error, CommitUnknownError);
  assert.equal([await isStored(holdId), await isStored(next)], [false, true]);
});

test('a COMMIT that is not answered in time is unknown and its connection is never used again', async () => {
  const holdId = freshId('hold');
  const network = await badNetwork(['late'], 'none', { ms: 2_500 });
  const faulty = testMysql({ url: network.url, queryTimeoutMs: 1_000, connectionsMax: 1 });

  const error = await failureOf(() => transact(faulty, {}, (trx) => write(trx, holdId)));
  const next = await transact(faulty, {}, async () => 'served by another connection');

  assert.instance(error, CommitUnknownError);
  assert.is(next, 'served by another connection');
  await until('the late COMMIT is answered', () => network.keptAnswers() === 1);
  await closeMysql(faulty);
  await network.close();
  assert.ok(await isStored(holdId));
});

test('a statement that is not answered in time fails, and what it did is undone', async () => {
  const holdId = freshId('hold');
  const hasty = testMysql({ queryTimeoutMs: 1_000, connectionsMax: 1 });

  const error = await failureOf(() =>
    transact(hasty, {}, async (trx) => {
      await write(trx, holdId);
      await sql`do sleep(5)`.execute(trx);
    }),
  );
  const again = await transact(hasty, {}, async () => 'served');

  await closeMysql(hasty);
  assert.instance(error, UnavailableError);
  assert.not.instance(error, NoConnectionError);
  assert.is(again, 'served');
  assert.not(await isStored(holdId));
});

test('repeatable read keeps one snapshot, read committed does not', async () => {
  for (const isolation of ['repeatable read', 'read committed'] as const) {
    const holdId = freshId('hold');
    await transact(mysql, { isolation }, async (trx) => {
      await readOutcomes(trx, [holdId]);
      await write(mysql.db as Trx, holdId);
      assert.is((await readOutcomes(trx, [holdId])).size, isolation === 'repeatable read' ? 0 : 1);
    });
  }
});

test('a read-only transaction refuses to write', async () => {
  const error = await failureOf(() => transact(mysql, { readOnly: true }, (trx) => write(trx, freshId('hold'))));

  assert.is(errnoOf(error), 1792);
});

test("Kysely's own transactions are refused", async () => {
  const error = await failureOf(() => mysql.db.transaction().execute(async () => 1));

  assert.instance(error, InvariantError);
});

import * as assert from 'uvu/assert';
import { UnavailableError } from '../domain/errors.ts';
import { suite } from '../testing/suite.ts';
import { failureOf } from '../testing/until.ts';
import { closeMysql } from './connection.ts';
import { CommitUnknownError } from './errors.ts';
import { insertVoid, readOutcomes } from './outcomes.ts';
import { bumpEpoch } from './sale-rebuild.ts';
import { aDraft, badNetwork, leftOpen, storedSale, testMysql, testWriter, underWay } from './testing.ts';
import { transact } from './transact.ts';

const test = suite('hold outcomes');
const mysql = testMysql();
const writer = testWriter(mysql, { batchMax: 50 });
test.after(() => closeMysql(mysql));

/** Writes a `sold` outcome in a transaction that is left open. */
function openSale(hold: { holdId: string; saleId: string; orderId: string }) {
  const row = { hold_id: hold.holdId, sale_id: hold.saleId, order_id: hold.orderId, created_at_ms: 1 };
  return leftOpen(mysql, (trx) =>
    trx
      .insertInto('hold_outcomes')
      .values({ ...row, outcome: 'sold' })
      .execute(),
  );
}

/** Asked without an epoch, as whoever needs no fence does. */
const idsOf = ({ holdId, saleId }: { holdId: string; saleId: string }) => ({ holdId, saleId });

test('a void is refused once the sale is of another epoch, and a bump waits for one under way', async () => {
  const sale = await storedSale(mysql);
  const hold = aDraft(sale.saleId);
  await transact(mysql, {}, (trx) => bumpEpoch(trx, sale.saleId));

  const late = await insertVoid(mysql, { holdId: hold.holdId, saleId: sale.saleId, epoch: 1 });
  const undecided = (await readOutcomes(mysql.db, [hold.holdId])).size;
  const inTime = await insertVoid(mysql, { holdId: hold.holdId, saleId: sale.saleId, epoch: 2 });

  assert.equal([late, undecided, inTime], [{ outcome: 'fenced' }, 0, { outcome: 'void' }]);
});

test('an undecided hold becomes void, and stays so when asked again', async () => {
  const hold = aDraft('void-sale');

  const first = await insertVoid(mysql, idsOf(hold));
  const second = await insertVoid(mysql, idsOf(hold));

  assert.equal([first, second], [{ outcome: 'void' }, { outcome: 'void' }]);
  const known = (await readOutcomes(mysql.db, [hold.holdId, 'never-seen'])).get(hold.holdId);
  assert.equal({ ...known, createdAtMs: 0 }, { outcome: 'void', orderId: null, saleId: 'void-sale', createdAtMs: 0 });
});

test('a sold hold is not voided but named with its order', async () => {
  const sale = await storedSale(mysql);
  const draft = aDraft(sale.saleId);
  await writer.commit(draft);

  assert.equal(await insertVoid(mysql, idsOf(draft)), { outcome: 'sold', orderId: draft.orderId });
});

test('a commit under way is waited for and its word stands', async () => {
  const hold = aDraft('void-sale');
  const end = await openSale(hold);

  const word = insertVoid(mysql, idsOf(hold));
  await underWay(mysql, `insert into %${hold.holdId}%`);
  await end('commit');

  assert.equal(await word, { outcome: 'sold', orderId: hold.orderId });
});

test('when the other transaction rolls back the hold becomes void', async () => {
  const hold = aDraft('void-sale');
  const end = await openSale(hold);

  const word = insertVoid(mysql, idsOf(hold));
  await underWay(mysql, `insert into %${hold.holdId}%`);
  await end('rollback');

  assert.equal(await word, { outcome: 'void' });
});

test('a commit that takes too long makes the question unavailable, not void', async () => {
  const hold = aDraft('void-sale');
  const end = await openSale(hold);

  const error = await failureOf(() => insertVoid(mysql, idsOf(hold)));

  assert.instance(error, UnavailableError);
  await end('commit');
  assert.is((await readOutcomes(mysql.db, [hold.holdId])).get(hold.holdId)?.outcome, 'sold');
});

test('a void whose COMMIT was not answered says so, and the repeat finds it', async () => {
  const hold = aDraft('void-sale');
  const network = await badNetwork(['answer_lost']);
  const faulty = testMysql({ url: network.url });

  const first = await insertVoid(faulty, idsOf(hold)).catch((it: unknown) => it);
  const second = await insertVoid(faulty, idsOf(hold));

  await closeMysql(faulty);
  await network.close();
  assert.instance(first, CommitUnknownError);
  assert.equal(second, { outcome: 'void' });
});

test('confirm and recovery at once: one word for each hold, whoever is first', async () => {
  const sale = await storedSale(mysql);
  const drafts = Array.from({ length: 60 }, () => aDraft(sale.saleId));

  const [commits, voids] = await Promise.all([
    Promise.all(drafts.map((draft) => writer.commit(draft))),
    Promise.all(drafts.map((draft) => insertVoid(mysql, idsOf(draft)))),
  ]);

  const words = await readOutcomes(
    mysql.db,
    drafts.map((draft) => draft.holdId),
  );
  drafts.forEach((draft, index) => {
    const word = words.get(draft.holdId)?.outcome;
    assert.is(commits[index]?.status, word === 'sold' ? 'sold' : 'void');
    assert.is(voids[index]?.outcome, word);
  });
});

import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import type { CommitOutcome, OrderDraft } from '../domain/order.ts';
import { suite } from '../testing/suite.ts';
import { until } from '../testing/until.ts';
import { closeMysql } from './connection.ts';
import { createOrderWriter } from './order-writer.ts';
import { aDraft, connectionsAt, countsOf, leftOpen, storedSale, testMysql } from './testing.ts';

const test = suite('two transactions of a sale');
const mysql = testMysql({ lockWaitSeconds: 8, queryTimeoutMs: 10_000 });
const { commit, idle } = createOrderWriter(mysql, { batchMax: 50 });
test.after(() => closeMysql(mysql));

const later = () => Date.now() + 8_000;
const wordOf = async (outcome: Promise<CommitOutcome>) => (await outcome).status;

/** How many of our connections write outcomes of this sale just now: each waits for a lock if that lasts. */
const writing = async (saleId: string) => (await connectionsAt(mysql, `INSERT INTO hold_outcomes%${saleId}%`)).length;

/** Has somebody else make this hold void, and be undecided about that until it is ended. */
const heldUp = ({ saleId, holdId }: OrderDraft) =>
  leftOpen(mysql, (trx) => {
    const row = { hold_id: holdId, sale_id: saleId, order_id: null, created_at_ms: Date.now() };
    return trx
      .insertInto('hold_outcomes')
      .values({ ...row, outcome: 'void' })
      .execute();
  });

/** A first batch of two that stands before the stock, and a second one of one draft behind it. */
async function twoAndOne(seats: number) {
  const { saleId } = await storedSale(mysql, { seat: seats });
  const first = [aDraft(saleId), aDraft(saleId)] as const;
  const release = await heldUp(first[0]);
  const words = first.map((draft) => wordOf(commit(draft, later())));
  await until('the first waits', async () => (await writing(saleId)) === 1);
  let settled = false;
  const second = wordOf(commit(aDraft(saleId), later())).finally(() => {
    settled = true;
  });
  return { saleId, words, second, release, isSettled: () => settled };
}

test('the second does not wait for the first while there is enough for both', async () => {
  const { saleId, words, second, release } = await twoAndOne(3);

  assert.is(await second, 'sold');
  assert.is((await countsOf(mysql, saleId)).sold, 1);

  await release('rollback');
  assert.equal(await Promise.all(words), ['sold', 'sold']);
});

test('the second leaves to the first what that may need, and is refused after it', async () => {
  const { saleId, words, second, release, isSettled } = await twoAndOne(2);

  await sleep(100);
  assert.not(isSettled());

  await release('rollback');
  assert.equal([...(await Promise.all(words)), await second], ['sold', 'sold', 'refused']);
  assert.is((await countsOf(mysql, saleId)).sold, 2);
});

test('the second gets what the first did not take after all', async () => {
  const { saleId, words, second, release } = await twoAndOne(2);

  await sleep(100);
  await release('commit');

  assert.equal([...(await Promise.all(words)), await second], ['void', 'sold', 'sold']);
  assert.is((await countsOf(mysql, saleId)).sold, 2);
});

test('no more than two are under way at a time, and a hold is in one of them at most', async () => {
  const { saleId } = await storedSale(mysql);
  const [first, other, third] = [aDraft(saleId), aDraft(saleId), aDraft(saleId)];
  const releases = await Promise.all([heldUp(first), heldUp(other), heldUp(third)]);
  const rival = aDraft(saleId, { seat: 1 }, { holdId: first.holdId });
  const seen: number[] = [];
  const becomes = (count: number) => until(`${count} wait`, async () => (await writing(saleId)) === count);
  const stays = async () => {
    await sleep(100);
    seen.push(await writing(saleId));
  };

  const words = [wordOf(commit(first, later()))];
  await becomes(1);
  words.push(wordOf(commit(rival, later())));
  await stays();
  words.push(wordOf(commit(other, later())));
  await becomes(2);
  words.push(wordOf(commit(third, later())));
  await stays();
  for (const release of releases) await release('rollback');
  await idle();

  assert.equal(seen, [1, 2]);
  assert.equal(await Promise.all(words), ['sold', 'already_sold', 'sold', 'sold']);
  assert.is((await countsOf(mysql, saleId)).sold, 3);
});

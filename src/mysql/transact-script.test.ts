import { sql } from 'kysely';
import * as assert from 'uvu/assert';
import { InvariantError, UnavailableError } from '../domain/errors.ts';
import { freshId } from '../testing/stack.ts';
import { suite } from '../testing/suite.ts';
import { failureOf } from '../testing/until.ts';
import { closeMysql } from './connection.ts';
import { CommitUnknownError, isDuplicate, isLockConflict } from './errors.ts';
import { readOutcomes } from './outcomes.ts';
import { badNetwork, testMysql } from './testing.ts';
import { transact, transactScript } from './transact.ts';

const test = suite('scripts of statements in a transaction');
const mysql = testMysql();
test.after(() => closeMysql(mysql));

const isStored = async (holdId: string) => (await readOutcomes(mysql.db, [holdId])).size === 1;
const insert = (holdId: string) =>
  `INSERT INTO hold_outcomes (hold_id, sale_id, outcome, created_at_ms) VALUES ('${holdId}', 'transact', 'void', 1)`;

test('a script is one transaction', async () => {
  const ids = [freshId('hold'), freshId('hold')];

  await transactScript(mysql, ids.map(insert));

  for (const id of ids) assert.ok(await isStored(id));
});

test('what fails in a script comes out as it is, what stood behind it is not done, and nothing is written', async () => {
  const [first, last] = [freshId('hold'), freshId('hold')];

  const error = await failureOf(() => transactScript(mysql, [insert(first), insert(first), insert(last)]));

  assert.ok(isDuplicate(error));
  assert.not((await isStored(first)) || (await isStored(last)));
});

test('a script that is lost is unknown, one that MySQL interrupts before its COMMIT is a definite failure', async () => {
  const network = await badNetwork(['answer_lost', 'request_lost']);
  const faulty = testMysql({ url: network.url });
  const ids = [freshId('hold'), freshId('hold'), freshId('hold')] as const;

  const lost = await failureOf(() => transactScript(faulty, [insert(ids[0])]));
  const neverSent = await failureOf(() => transactScript(faulty, [insert(ids[1])]));
  const killed = await failureOf(() => transactScript(faulty, [insert(ids[2]), 'KILL QUERY CONNECTION_ID()']));

  await closeMysql(faulty);
  await network.close();
  assert.instance(lost, CommitUnknownError);
  assert.instance(neverSent, CommitUnknownError);
  assert.instance(killed, UnavailableError);
  assert.not.instance(killed, CommitUnknownError);
  assert.equal(await Promise.all(ids.map(isStored)), [true, false, false]);
});

test('an error that answers COMMIT itself leaves it unknown, but for a lock conflict', async () => {
  const network = await badNetwork(['refused', 'deadlock', 'refused', 'deadlock']);
  const faulty = testMysql({ url: network.url });
  const nothing = async () => undefined;

  const errors = [
    await failureOf(() => transactScript(faulty, ['DO 1'])),
    await failureOf(() => transactScript(faulty, ['DO 1'])),
    await failureOf(() => transact(faulty, {}, nothing)),
    await failureOf(() => transact(faulty, {}, nothing)),
  ];

  await closeMysql(faulty);
  await network.close();
  assert.equal(
    errors.map((error) => error instanceof CommitUnknownError),
    [true, false, true, false],
  );
  assert.ok(isLockConflict(errors[1]) && isLockConflict(errors[3]));
});

test('each statement of a script has the time of one, and after one that takes longer it is unknown', async () => {
  const hasty = testMysql({ queryTimeoutMs: 1_900 });
  const holdId = freshId('hold');

  await transactScript(hasty, ['DO SLEEP(1)', 'DO SLEEP(1)', insert(holdId)]);
  const error = await failureOf(() => transactScript(hasty, ['DO SLEEP(4)']));

  await closeMysql(hasty);
  assert.ok(await isStored(holdId));
  assert.instance(error, CommitUnknownError);
});

test('a script that is refused has let its locks go when that is known', async () => {
  const [holdId, other] = [freshId('hold'), freshId('hold')];

  await failureOf(() => transactScript(mysql, [insert(holdId), insert(other), insert(other)]));
  await transactScript(mysql, [insert(holdId)]);

  assert.ok(await isStored(holdId));
});

test('a second statement behind one that should stand alone is refused unsent', async () => {
  const holdId = freshId('hold');

  const error = await failureOf(() => sql.raw(`DO 1; ${insert(holdId)}`).execute(mysql.db));

  assert.instance(error, InvariantError);
  assert.not(await isStored(holdId));
});

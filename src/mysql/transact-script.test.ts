import { sql } from 'kysely';
import * as assert from 'uvu/assert';
import { InvariantError, UnavailableError } from '../domain/errors.ts';
import { freshId } from '../testing/stack.ts';
import { suite } from '../testing/suite.ts';
import { failureOf } from '../testing/until.ts';
import { closeMysql } from './connection.ts';
import { CommitUnknownError, isDuplicate } from './errors.ts';
import { readOutcomes } from './outcomes.ts';
import { badNetwork, testMysql } from './testing.ts';
import { type ScriptJudge, transactScript } from './transact.ts';

const test = suite('scripts of statements in a transaction');
const mysql = testMysql();
test.after(() => closeMysql(mysql));

const isStored = async (holdId: string) => (await readOutcomes(mysql.db, [holdId])).size === 1;
const insert = (holdId: string) =>
  `INSERT INTO hold_outcomes (hold_id, sale_id, outcome, created_at_ms) VALUES ('${holdId}', 'transact', 'void', 1)`;
const asksNothing: ScriptJudge = { onAnswer: () => undefined, judge: () => undefined };

test('a script is one transaction, and says which statements were answered and how', async () => {
  const ids = [freshId('hold'), freshId('hold')];
  const answered: number[] = [];
  const affected: number[] = [];

  await transactScript(mysql, ids.map(insert), {
    onAnswer: (index) => answered.push(index),
    judge: (answers) => affected.push(...answers.map((it) => it.affectedRows)),
  });

  assert.equal(
    [answered, affected],
    [
      [0, 1],
      [1, 1],
    ],
  );
  for (const id of ids) assert.ok(await isStored(id));
});

test('what fails in a script comes out as it is, what stood behind it is not done, and nothing is written', async () => {
  const [first, last] = [freshId('hold'), freshId('hold')];
  const answered: number[] = [];

  const error = await failureOf(() =>
    transactScript(mysql, [insert(first), insert(first), insert(last)], {
      onAnswer: (index) => answered.push(index),
      judge: () => assert.unreachable('it was judged'),
    }),
  );

  assert.ok(isDuplicate(error));
  assert.equal(answered, [0]);
  assert.not((await isStored(first)) || (await isStored(last)));
});

test('a script that is judged wrong writes nothing', async () => {
  const holdId = freshId('hold');
  const mine = new Error('mine');

  const error = await failureOf(() =>
    transactScript(mysql, [insert(holdId)], {
      ...asksNothing,
      judge: () => {
        throw mine;
      },
    }),
  );

  assert.is(error, mine);
  assert.not(await isStored(holdId));
});

test('a script whose COMMIT is lost is unknown, one whose connection is lost before is a definite failure', async () => {
  const network = await badNetwork(['answer_lost', 'request_lost']);
  const faulty = testMysql({ url: network.url });
  const ids = [freshId('hold'), freshId('hold'), freshId('hold')] as const;

  const lost = await failureOf(() => transactScript(faulty, [insert(ids[0])], asksNothing));
  const neverSent = await failureOf(() => transactScript(faulty, [insert(ids[1])], asksNothing));
  const killed = await failureOf(() =>
    transactScript(faulty, [insert(ids[2]), 'KILL CONNECTION CONNECTION_ID()'], asksNothing),
  );

  await closeMysql(faulty);
  await network.close();
  assert.instance(lost, CommitUnknownError);
  assert.instance(neverSent, CommitUnknownError);
  assert.instance(killed, UnavailableError);
  assert.not.instance(killed, CommitUnknownError);
  assert.equal(await Promise.all(ids.map(isStored)), [true, false, false]);
});

test('each statement of a script has the time of one, and one that takes longer ends it for certain', async () => {
  const hasty = testMysql({ queryTimeoutMs: 500 });
  const [first, second] = [freshId('hold'), freshId('hold')] as const;

  await transactScript(hasty, ['DO SLEEP(0.3)', 'DO SLEEP(0.3)', insert(first)], asksNothing);
  const error = await failureOf(() => transactScript(hasty, [insert(second), 'DO SLEEP(2)'], asksNothing));

  await closeMysql(hasty);
  assert.ok(await isStored(first));
  assert.instance(error, UnavailableError);
  assert.not.instance(error, CommitUnknownError);
  assert.not(await isStored(second));
});

test('a second statement behind one that should stand alone is refused unsent', async () => {
  const holdId = freshId('hold');

  const error = await failureOf(() => sql.raw(`DO 1; ${insert(holdId)}`).execute(mysql.db));

  assert.instance(error, InvariantError);
  assert.not(await isStored(holdId));
});

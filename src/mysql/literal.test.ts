import * as assert from 'uvu/assert';
import { RequestError } from '../domain/errors.ts';
import { suite } from '../testing/suite.ts';
import { closeMysql } from './connection.ts';
import { bytesLiteral, literal } from './literal.ts';
import { testMysql } from './testing.ts';

const test = suite('literals');
const mysql = testMysql();
test.after(() => closeMysql(mysql));

const single = Array.from({ length: 0x180 }, (_, code) => String.fromCharCode(code));
const texts = [
  ...single,
  ...single.map((it) => `a${it}'${it}\\${it}b`),
  "'; DROP TABLE orders; -- ",
  "\\'; DROP TABLE orders; -- ",
  "\u00bf' OR 1=1; -- ",
  '?, ??, :name, @x, %s, {}',
  'Zoë ☕ 🎟',
  '',
];

/** What MySQL reads in these literals, over a session that would run a second statement. */
async function read(literals: string[]): Promise<unknown[]> {
  const session = await mysql.pool.acquire();
  const columns = literals.map((it, index) => `${it} AS c${index}`);
  try {
    const answers = await session.script(['DO 1', `SELECT ${columns.join()}`], () => undefined);
    const [row] = answers[1] as unknown as object[];
    return Object.values(row ?? {});
  } finally {
    mysql.pool.release(session);
  }
}

test('every text comes back as it went in, and none of it is read as a statement', async () => {
  assert.equal(await read(texts.map(literal)), texts);
});

test('bytes come back as the bytes of the text', async () => {
  const hexadecimal = texts.map((text) => Buffer.from(text).toString('hex').toUpperCase());

  assert.equal(await read(texts.map((text) => `HEX(${bytesLiteral(text)})`)), hexadecimal);
  assert.throws(
    () => bytesLiteral('\ud800'),
    (error: unknown) => error instanceof RequestError,
  );
});

test('numbers come back exactly', async () => {
  const numbers = [0, -1, 7500, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER];

  assert.equal(await read(numbers.map(literal)), numbers);
});

import { createConnection, type RowDataPacket } from 'mysql2/promise';
import * as assert from 'uvu/assert';
import { suite } from '../../src/testing/suite.ts';
import { startPrivateMysql } from './mysql.ts';

const test = suite('a private MySQL', { timeoutMs: 120_000 });

test('it keeps its temporary files to itself, where no other server that starts removes them', async () => {
  const mysql = await startPrivateMysql();
  try {
    const connection = await createConnection(mysql.url);
    const [rows] = await connection.query<RowDataPacket[]>('SELECT @@tmpdir AS dir');
    await connection.end();

    assert.is(rows[0]?.['dir'], mysql.dir);
  } finally {
    await mysql.stop();
  }
});

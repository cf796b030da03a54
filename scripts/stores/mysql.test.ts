import { createConnection } from 'mysql2/promise';
import * as assert from 'uvu/assert';
import { suite } from '../../src/testing/suite.ts';
import { startPrivateMysql } from './mysql.ts';

const test = suite('private MySQL', { timeoutMs: 120_000 });

test('its temporary tables are in its own folder, where no other server that starts will delete them', async () => {
  const mysql = await startPrivateMysql();
  const connection = await createConnection(mysql.url);

  const [rows] = await connection.query('select @@tmpdir as folder');
  await connection.end();

  assert.equal(rows, [{ folder: mysql.dir }]);
  await mysql.stop();
});

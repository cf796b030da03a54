import { createConnection } from 'mysql2/promise';
import * as assert from 'uvu/assert';
import { suite } from '../../src/testing/suite.ts';
import { type MysqlOptions, startPrivateMysql } from './mysql.ts';

const test = suite('private MySQL', { timeoutMs: 120_000 });

test('its temporary tables are in its own folder, where no other server that starts will delete them', async () => {
  const { rows, dir } = await ask('select @@tmpdir as folder');

  assert.equal(rows, [{ folder: dir }]);
});

test('a commit is on the disk when it is answered, and so is the binary log where one is kept', async () => {
  const settings = 'select @@innodb_flush_log_at_trx_commit as flushed, @@log_bin as log';

  const usual = await ask(settings);
  const logged = await ask(`${settings}, @@sync_binlog as synced, @@binlog_format as format`, { binlog: true });

  assert.equal(usual.rows, [{ flushed: 1, log: 0 }]);
  assert.equal(logged.rows, [{ flushed: 1, log: 1, synced: 1, format: 'ROW' }]);
});

async function ask(question: string, options: MysqlOptions = {}): Promise<{ rows: unknown; dir: string }> {
  const mysql = await startPrivateMysql(options);
  try {
    const connection = await createConnection(mysql.url);
    const [rows] = await connection.query(question);
    await connection.end();
    return { rows, dir: mysql.dir };
  } finally {
    await mysql.stop();
  }
}

import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import * as assert from 'uvu/assert';
import { UnavailableError } from '../domain/errors.ts';
import { stack } from '../testing/stack.ts';
import { suite } from '../testing/suite.ts';
import { failureOf, until, within } from '../testing/until.ts';
import { closeMysql, connectMysql, pingMysql } from './connection.ts';
import type { Rows, Session } from './session.ts';
import { badNetwork, killConnection, testMysql } from './testing.ts';

const test = suite('connection to MySQL');

test('the version is told', async () => {
  const mysql = testMysql();

  const { version } = await pingMysql(mysql);

  await closeMysql(mysql);
  assert.match(version, /^\d+\.\d+/);
});

test('every session has our settings before its first use', async () => {
  const mysql = testMysql({ lockWaitSeconds: 3, connectionsMax: 4 });
  type Settings = { mode: string; wait: number; zone: string; id: number };
  const ask = () =>
    sql<Settings>`select @@session.sql_mode as mode, @@session.innodb_lock_wait_timeout as wait,
      @@session.time_zone as zone, connection_id() as id`.execute(mysql.db);

  const answers = (await Promise.all(Array.from({ length: 20 }, ask))).map(({ rows }) => rows[0] as Settings);
  const isolation = await sql<{ Value: string }>`show session variables where variable_name
    in ('tx_isolation', 'transaction_isolation')`.execute(mysql.db);

  await closeMysql(mysql);
  const sessions = new Set(answers.map(({ id }) => id)).size;
  assert.ok(sessions >= 1 && sessions <= 4, `${sessions} sessions`);
  for (const { mode, wait, zone } of answers) {
    assert.match(mode, 'STRICT_TRANS_TABLES');
    assert.not.match(mode, 'NO_BACKSLASH_ESCAPES');
    assert.equal([wait, zone], [3, '+00:00']);
  }
  for (const row of isolation.rows) assert.is(row.Value, 'READ-COMMITTED');
});

test('big integers and sums are exact numbers', async () => {
  const mysql = testMysql();

  const { rows } = await sql`select cast(9007199254740991 as signed) as big, sum(n) as total
    from (select 3 as n union all select 4) as numbers`.execute(mysql.db);

  await closeMysql(mysql);
  assert.equal({ ...(rows[0] as object) }, { big: 9007199254740991, total: 7 });
});

test('a caller waits for a connection for a bounded time only', async () => {
  const mysql = testMysql({ connectionsMax: 1, connectTimeoutMs: 1_000 });
  const only = await mysql.pool.acquire();

  const error = await failureOf(() => pingMysql(mysql));

  assert.instance(error, UnavailableError);
  mysql.pool.release(only);
  assert.ok((await pingMysql(mysql)).version);
  await closeMysql(mysql);
});

test('who waits is served in the order of arrival', async () => {
  const mysql = testMysql({ connectionsMax: 1 });
  const order: number[] = [];

  await Promise.all([1, 2, 3, 4, 5].map((it) => sql`do 1`.execute(mysql.db).then(() => order.push(it))));

  await closeMysql(mysql);
  assert.equal(order, [1, 2, 3, 4, 5]);
});

test('MySQL that refuses, is silent, or knows neither us nor the database is unavailable within a second', async () => {
  const sockets = new Set<Socket>();
  const silent = createServer((socket) => void sockets.add(socket));
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const wrongPassword = new URL(stack.databaseUrl);
  wrongPassword.password = 'wrong';
  const wrongDatabase = new URL(stack.databaseUrl);
  wrongDatabase.pathname = '/no_such_database';

  for (const url of [
    'mysql://u:p@127.0.0.1:1/d',
    `mysql://u:p@127.0.0.1:${(silent.address() as AddressInfo).port}/d`,
    wrongPassword.href,
    wrongDatabase.href,
  ]) {
    const mysql = connectMysql({ ...testMysql().options, url, connectTimeoutMs: 800 });
    const pings = Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map(() => failureOf(() => pingMysql(mysql))));
    const errors = await within(1_000, pings);
    assert.is.not(errors, 'late');
    for (const error of errors) assert.instance(error, UnavailableError);
    await closeMysql(mysql);
  }

  for (const socket of sockets) socket.destroy();
  silent.close();
});

test('idle connections that MySQL has closed are replaced unnoticed', async () => {
  const mysql = testMysql({ connectionsMax: 3 });
  const killer = testMysql();
  const acquire = () => mysql.pool.acquire();
  const idOf = async (session: Session) =>
    Number(((await session.query('select connection_id() as id')) as Rows)[0]?.['id']);
  const first = await Promise.all([acquire(), acquire(), acquire()]);
  const ids = await Promise.all(first.map(idOf));
  for (const session of first) mysql.pool.release(session);
  for (const id of ids) await killConnection(killer, id);
  await until('we hear of it', () => first.every((session) => session.broken));

  const second = await Promise.all([acquire(), acquire(), acquire()]);

  ids.push(...(await Promise.all(second.map(idOf))));
  for (const session of second) mysql.pool.release(session);
  await closeMysql(mysql);
  await closeMysql(killer);
  assert.is(new Set(ids).size, 6);
});

test('when MySQL comes back so do we', async () => {
  const network = await badNetwork([]);
  const mysql = testMysql({ url: network.url });
  await pingMysql(mysql);
  await network.close();
  const error = await failureOf(() => pingMysql(mysql));
  const port = Number(new URL(network.url).port);
  const target = new URL(stack.databaseUrl);
  const again = createServer((socket) => {
    socket.on('error', () => undefined);
    const upstream = connect(Number(target.port || 3306), target.hostname).on('error', () => undefined);
    socket.pipe(upstream).pipe(socket);
  });
  await new Promise<void>((resolve) => again.listen(port, '127.0.0.1', resolve));

  const answer = await pingMysql(mysql);

  assert.instance(error, UnavailableError);
  assert.ok(answer.version);
  await closeMysql(mysql);
  again.close();
});

test('closing lets what is under way finish and refuses what comes', async () => {
  const mysql = testMysql();
  await pingMysql(mysql);
  const underWay = sql<{ done: number }>`select sleep(0.3) as done`.execute(mysql.db);
  await sleep(100);

  await closeMysql(mysql);
  await closeMysql(mysql);

  assert.is((await underWay).rows[0]?.done, 0);
  assert.instance(await failureOf(() => pingMysql(mysql)), UnavailableError);
});

test('errors do not carry the statement with its buyers', async () => {
  const mysql = testMysql();

  const error = await failureOf(() => sql`select ${'a secret'} from no_such_table`.execute(mysql.db));

  await closeMysql(mysql);
  assert.not.match(JSON.stringify({ ...(error as object) }), 'a secret');
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { sql } from 'kysely';
import * as assert from 'uvu/assert';
import { freshId, stack } from '../testing/stack.ts';
import { suite } from '../testing/suite.ts';
import { failureOf } from '../testing/until.ts';
import { closeMysql } from './connection.ts';
import { migrateToLatest, pendingMigrations } from './migrate.ts';
import { testMysql } from './testing.ts';

const test = suite('migrations', { timeoutMs: 120_000 });
const mysql = testMysql();
const created: string[] = [];
test.after(async () => {
  for (const name of created) await sql`drop database ${sql.id(name)}`.execute(mysql.db);
  await closeMysql(mysql);
});

async function emptyDatabase(): Promise<string> {
  const name = freshId('onsale-migrate');
  await sql`create database ${sql.id(name)}`.execute(mysql.db);
  created.push(name);
  const url = new URL(stack.databaseUrl);
  url.pathname = `/${name}`;
  return url.href;
}

test('four processes at once apply every migration exactly once', async () => {
  const url = await emptyDatabase();
  const code = `import(${JSON.stringify(new URL('./migrate.ts', import.meta.url).href)})
    .then(({ migrateToLatest }) => migrateToLatest(${JSON.stringify(url)}))
    .then(({ applied }) => console.log(applied.length))`;

  const applied = await Promise.all(
    [1, 2, 3, 4].map(async () => {
      const child = spawn(process.execPath, ['--import', 'tsx', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
      let output = '';
      child.stdout.on('data', (chunk) => {
        output += chunk;
      });
      const [exitCode] = await once(child, 'close');
      assert.is(exitCode, 0);
      return Number(output);
    }),
  );

  assert.equal(
    applied.sort((a, b) => a - b),
    [0, 0, 0, 12],
  );
  assert.equal(await migrateToLatest(url), { applied: [] });
});

test('what is pending is named, oldest first, and nothing is after all was applied', async () => {
  const url = await emptyDatabase();
  const there = testMysql({ url });
  const before = await pendingMigrations(there);

  const { applied } = await migrateToLatest(url);

  const after = await pendingMigrations(there);
  await closeMysql(there);
  assert.equal(before, applied);
  assert.equal(after, []);
});

test('a crash between a migration and the row that records it does not block the next start', async () => {
  const url = await emptyDatabase();
  const { applied } = await migrateToLatest(url);
  const last = applied.at(-1) ?? '';
  const there = testMysql({ url });
  await sql`delete from kysely_migration where name = ${last}`.execute(there.db);
  await closeMysql(there);

  const second = await migrateToLatest(url);

  assert.equal(second, { applied: [last] });
});

test("a table of somebody else's in the same database is not taken for ours", async () => {
  const url = await emptyDatabase();
  const there = testMysql({ url });
  await sql`create table orders (id int primary key)`.execute(there.db);

  const failure = await failureOf(() => migrateToLatest(url));

  const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(there.db);
  await closeMysql(there);
  assert.match(failure.message, /'?orders'? already exists/);
  assert.is(rows.at(-1)?.name, '0003_hold_outcomes');
});

test('the tables are ours in every respect that a default would spoil', async () => {
  const { rows } = await sql<{ name: string; engine: string; collation: string }>`
    select table_name as name, engine as engine, table_collation as collation from information_schema.tables
    where table_schema = database() and table_name not like 'kysely%'`.execute(mysql.db);
  const columns = await sql<{ name: string; collation: string | null }>`
    select concat(table_name, '.', column_name) as name, collation_name as collation from information_schema.columns
    where table_schema = database() and table_name not like 'kysely%' and (column_name = 'id' or column_name like '%\\_id') and data_type = 'varchar'`.execute(
    mysql.db,
  );

  assert.is(rows.length >= 12, true);
  for (const row of rows) assert.match(`${row.engine} ${row.collation}`, /^InnoDB utf8mb4/);
  for (const column of columns.rows) assert.is(column.collation, 'ascii_bin', column.name);
});

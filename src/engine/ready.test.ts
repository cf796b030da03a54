import { createConnection } from 'mysql2/promise';
import { Registry } from 'prom-client';
import * as assert from 'uvu/assert';
import type { Config } from '../config.ts';
import { createLog } from '../log.ts';
import { openTestEngine } from '../testing/engine.ts';
import { suite } from '../testing/suite.ts';
import { failureOf } from '../testing/until.ts';
import { createEngine } from './engine.ts';

const test = suite('a start on unusable stores');
const running = await openTestEngine({ START_WAIT_MS: '2000' });
test.after(() => running.close());

/** How the start of one more process ends that was told another URL of MySQL. */
function startOn(change: (url: URL) => void): Promise<Error> {
  const url = new URL(running.databaseUrl);
  change(url);
  const config: Config = { ...running.config, mysql: { ...running.config.mysql, url: url.href } };
  return failureOf(() => createEngine(config, { log: createLog(config), registry: new Registry() }));
}

test('wrong credentials of MySQL are named, without the password', async () => {
  const error = await startOn((url) => {
    url.username = 'nobody';
    url.password = 'the-wrong-one';
  });

  assert.match(error.message, /MySQL.*Access denied/);
  assert.not.match(error.message, /the-wrong-one/);
});

test('a database that is not there is named', async () => {
  const error = await startOn((url) => {
    url.pathname = '/no_such_database';
  });

  assert.match(error.message, /MySQL.*(Unknown database|Access denied).*no_such_database/);
});

test('a MySQL that cannot be reached is named, after the wait', async () => {
  const error = await startOn((url) => {
    url.host = '127.0.0.1:1';
  });

  assert.match(error.message, /MySQL.*ECONNREFUSED/);
});

test('a schema that lacks migrations is refused with the command that brings it up to date', async () => {
  const connection = await createConnection(running.databaseUrl);
  try {
    await connection.query("update kysely_migration set name = 'set aside' where name = '0012_admin_requests'");

    const error = await startOn(() => undefined);

    assert.match(error.message, /lacks 1 migrations, from 0012_admin_requests on: run npm run migrate/);
  } finally {
    await connection.query("update kysely_migration set name = '0012_admin_requests' where name = 'set aside'");
    await connection.end();
  }
});

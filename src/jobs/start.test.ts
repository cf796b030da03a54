import { createConnection } from 'mysql2/promise';
import * as assert from 'uvu/assert';
import { createLog } from '../log.ts';
import { openTestEngine } from '../testing/engine.ts';
import { suite } from '../testing/suite.ts';
import { until } from '../testing/until.ts';
import { startJobs } from './start.ts';

const test = suite('jobs');
const { engine, config, databaseUrl, close } = await openTestEngine();
const connection = await createConnection(databaseUrl);
test.after(async () => {
  await connection.end();
  await close();
});

const hourMs = 3_600_000;

async function rememberedKeys(): Promise<string[]> {
  const [rows] = await connection.query('select cast(idempotency_key as char) as name from admin_requests');
  return (rows as { name: string }[]).map(({ name }) => name);
}

test('answers of admin calls are forgotten after a day, and not before', async () => {
  for (const [key, ageMs] of [['young', 23 * hourMs] as const, ['old', 25 * hourMs] as const]) {
    const values = ['admin', key, 'hash', '{}', Date.now() - ageMs];
    await connection.query('insert into admin_requests values (?, ?, ?, ?, ?)', values);
  }

  const jobs = await startJobs(engine, { config, log: createLog(config) });
  await until('the old answer is forgotten', async () => !(await rememberedKeys()).includes('old'));
  await jobs.close();

  assert.equal(await rememberedKeys(), ['young']);
});

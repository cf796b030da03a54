import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { suite } from '../../src/testing/suite.ts';
import { takeLock } from './lock.ts';

const test = suite('lock of a data folder');

const folder = mkdtempSync(join(tmpdir(), 'onsale-lock-'));
test.after(() => rmSync(folder, { recursive: true }));

test('a second one is refused and told where the first one is', async () => {
  const lock = await takeLock(folder);
  lock.tell('http://127.0.0.1:1');

  const refusal = await takeLock(folder).catch((error: Error) => error.message);

  assert.match(String(refusal), 'http://127.0.0.1:1');
  lock.release();
});

test('what a dead process left is no obstacle, nor is a released lock', async () => {
  writeFileSync(join(folder, 'lock.sock'), '');

  const lock = await takeLock(folder);
  lock.release();
  const again = await takeLock(folder);

  again.release();
});

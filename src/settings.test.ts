import { readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { settingsTable } from './settings.ts';
import { suite } from './testing/suite.ts';

const test = suite('settings');

test('the table in the README is the table of the settings', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

  assert.ok(readme.includes(settingsTable()), `the README needs this table:\n${settingsTable()}`);
});

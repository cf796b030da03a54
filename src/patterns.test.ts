import { readFileSync } from 'node:fs';
import { parse } from '@babel/parser';
import * as assert from 'uvu/assert';
import { isTestCode, trackedFiles } from '../scripts/tidy/files.ts';
import { edgeOptions } from './http/edge-fixtures.ts';
import { catalogue } from './http/routes/catalogue.ts';
import { suite } from './testing/suite.ts';

// Without a word the checker would start a Java or native program; its JavaScript is the same and needs neither.
process.env['RECHECK_BACKEND'] = 'pure';
const { checkSync } = await import('recheck');

const test = suite('patterns', { timeoutMs: 120_000 });

type Pattern = { where: string; source: string; flags: string };
type Token = { type: { label: string }; value: unknown; loc: { start: { line: number } } };

const files = trackedFiles().filter((file) => /^src\/.*\.ts$/.test(file) && !isTestCode(file));

/** Every regular expression that is written in a text, as the parser sees it: nothing in a comment or a string. */
function patternsIn(file: string, text: string): Pattern[] {
  const { tokens } = parse(text, { sourceType: 'module', plugins: ['typescript'], tokens: true });
  return ((tokens ?? []) as Token[])
    .filter(({ type }) => type.label === 'regexp')
    .map(({ value, loc }) => {
      const { pattern, flags } = value as { pattern: string; flags: string };
      return { where: `${file}:${loc.start.line}`, source: pattern, flags };
    });
}

/** What is wrong with a pattern: the time that it takes grows faster than the text, or that could not be found out. */
function faultOf({ where, source, flags }: Pattern): string[] {
  const { status } = checkSync(source, flags, { timeout: 100_000 });
  return status === 'safe' ? [] : [`${where}: /${source}/${flags} is ${status}`];
}

test('the check finds what it is for', () => {
  const text =
    "const a = 1 / 2; // /(c+)+$/\nconst b = '/(d+)+$/';\nconst e = /^(f+)+$/; g(/^\\s*h\\s*$/u, /^[a-z]{1,64}$/);";
  const found = patternsIn('a.ts', text);

  assert.equal(
    found.map(({ where, source }) => `${where} ${source}`),
    ['a.ts:3 ^(f+)+$', 'a.ts:3 ^\\s*h\\s*$', 'a.ts:3 ^[a-z]{1,64}$'],
  );
  assert.equal(found.flatMap(faultOf), ['a.ts:3: /^(f+)+$/ is vulnerable']);
});

test('no pattern takes time that grows faster than the text it looks at', () => {
  const patterns = files.flatMap((file) => patternsIn(file, readFileSync(file, 'utf8')));

  assert.ok(patterns.length >= 20, `${patterns.length} patterns were found`);
  const distinct = new Map(patterns.map((pattern) => [`/${pattern.source}/${pattern.flags}`, pattern]));
  assert.equal([...distinct.values()].flatMap(faultOf), []);
});

test('patterns that are put together are those of the paths alone: names, and ids that end at the next slash', () => {
  const makers = files.filter(
    (file) => /\bRegExp\(/.test(readFileSync(file, 'utf8')) && !file.endsWith('-fixtures.ts'),
  );
  const paths = catalogue(edgeOptions()).map(({ path }) => path);

  assert.equal(makers, ['src/http/not-found.ts']);
  for (const path of paths) assert.match(path, /^(\/(:[A-Za-z]+|[a-z0-9.-]+))+$/);
});

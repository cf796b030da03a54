import { createHash } from 'node:crypto';
import * as assert from 'uvu/assert';
import {
  documented,
  documentedWords,
  type LuaScript,
  parsedWords,
  readIncludes,
  readScripts,
  returnedWords,
  used,
} from '../testing/lua-scripts.ts';
import { openTestRedis } from '../testing/redis-sale.ts';
import { suite } from '../testing/suite.ts';
import { readScript } from './script.ts';

const test = suite('the headers of the scripts');
const { redis, close } = await openTestRedis();
test.after(close);

const scripts = readScripts();
const includes = readIncludes();

/** These give memory or tickets back, or decide what has begun: a full memory must not stop them. */
const runWhenFull = [
  ...['expire-holds', 'release-hold', 'begin-confirms', 'abort-confirms', 'finish-confirms', 'void-hold'],
  'drop-missing-hold',
  ...['forget-holds', 'list-orphans', 'suspend-sale', 'freeze-confirms', 'resync-sale', 'apply-sale', 'withdraw-stock'],
];
/** These only ever add. */
const stopWhenFull = [
  ...['place-holds', 'issue-coupons', 'install-sale', 'install-campaign', 'add-coupons', 'publish-coupons'],
];

/** Insists that no script has the problem that `find` names. */
function none(find: (script: LuaScript) => string | false | null | undefined): void {
  const problems = scripts.flatMap((script) => {
    const problem = find(script);
    return problem ? [`${script.name}: ${problem}`] : [];
  });
  assert.equal(problems, []);
}

/** Elements that are read and not documented, or documented and not read. */
function differences(script: LuaScript, array: 'KEYS' | 'ARGV'): string | null {
  const entries = documented(script.header, array);
  const last = entries.at(-1);
  const { indexes, tail } = used(script.whole, array);
  const promised = new Set(entries.map((entry) => entry.index));
  const undocumented = indexes.filter((index) => !promised.has(index));
  const isTailDocumented =
    tail === last?.index || (tail === (last?.index ?? 0) + 1 && /\bfollow\b/.test(last?.text ?? ''));
  const unused = [...promised].filter((index) => !indexes.includes(index) && index !== tail);
  const isInOrder = entries.every((entry, position) => entry.index === position + 1);
  if (undocumented.length > 0) return `${array} ${list(undocumented)} used, not documented`;
  if (unused.length > 0) return `${array} ${list(unused)} documented, not used`;
  if (tail !== null && !isTailDocumented) return `${array} from ${tail} on used, not documented`;
  return isInOrder ? null : `${array} not documented in their order`;
}

const list = (words: (string | number)[]) => words.join(', ');
const same = (a: string[], b: string[]) => a.join() === b.join();

test('there are scripts, and each of them is read', () => {
  assert.ok(scripts.length >= 15);
  assert.ok(scripts.every((script) => script.header.includes(`${script.name}: `) && script.body.trim() !== ''));
});

test('each begins with the engine it is for', () => {
  none(({ shebang }) => !/^#!lua( flags=[a-z,-]+)?$/.test(shebang) && shebang);
});

test('each key that is documented is used, and each that is used is documented', () => {
  none((script) => differences(script, 'KEYS'));
});

test('each argument that is documented is used, and each that is used is documented', () => {
  none((script) => differences(script, 'ARGV'));
});

test('each word that is returned is documented, and each that is documented is returned', () => {
  none(({ header, body }) => {
    const [promised, returned] = [documentedWords(header), returnedWords(body)];
    return !same(promised, returned) && `documents ${list(promised)}, returns ${list(returned)}`;
  });
});

test('each word that is returned is parsed by the wrapper of its name, and none besides', () => {
  none(({ body, wrapper }) => {
    const [returned, parsed] = [returnedWords(body), parsedWords(wrapper)];
    return !same(returned, parsed) && `returns ${list(returned)}, parsed are ${list(parsed)}`;
  });
});

test('each is loaded by the wrapper of its name', () => {
  none(({ name, wrapper }) => !new RegExp(`defineScript<[^(]+\\(\\s*'${name}'`).test(wrapper) && 'not loaded');
});

test('each tells its cost and its invariant', () => {
  none(({ header }) => !/^ {2}Cost: \S/m.test(header) && 'no cost');
  none(({ header }) => !/^ {2}Invariant: \S/m.test(header) && 'no invariant');
});

test('each includes only what it uses, every include is included, and none is used without', () => {
  none(({ body, whole, includes: included }) => {
    const unused = included.filter((name) => {
      const own = includes.find((include) => include.name === name)?.body ?? '';
      const elsewhere = whole.replace(own.trim(), '');
      return !functionsOf(own).some((called) => elsewhere.includes(`${called}(`) || body.includes(`${called}(`));
    });
    return unused.length > 0 && `includes ${list(unused)} for nothing`;
  });
  none(({ whole }) => {
    const missing = includes
      .flatMap(({ body }) => functionsOf(body))
      .filter((called) => {
        const isDefined = whole.includes(`function ${called}(`);
        return !isDefined && new RegExp(`\\b${called}\\(`).test(whole);
      });
    return missing.length > 0 && `calls ${list(missing)} without the include`;
  });
  const included = new Set(scripts.flatMap((script) => script.includes));
  assert.equal(
    includes.map((include) => include.name).filter((name) => !included.has(name)),
    [],
  );
});

test('each reads the clock at most once', () => {
  none(({ body }) => (body.match(/\bread_clock\(/g) ?? []).length > 1 && 'reads the clock more than once');
  none(({ body }) => body.includes("'TIME'") && 'reads the clock without the include');
});

test('what gives back or decides runs in a full memory, and what only adds does not', () => {
  none(({ name, shebang }) => runWhenFull.includes(name) && !shebang.includes('allow-oom') && 'must allow-oom');
  none(({ name, shebang }) => stopWhenFull.includes(name) && shebang.includes('allow-oom') && 'must not allow-oom');
  const names = scripts.map((script) => script.name);
  assert.equal(
    [...runWhenFull, ...stopWhenFull].filter((name) => !names.includes(name)),
    [],
  );
});

test('each compiles on this Redis', async () => {
  for (const { name } of scripts) {
    const source = readScript(name);

    const sha = await redis.client.script('LOAD', source);

    assert.is(sha, createHash('sha1').update(source).digest('hex'), name);
    assert.not(source.includes('@include'), name);
  }
});

test('these checks notice what they are for', () => {
  const header = [
    '  KEYS[1] sale  hash\n  KEYS[2] holds  hash\n  ARGV[1] run\n  ARGV[2] items  then per item\n  continued',
    "  Returns { 'lost' } or { 'ok', reply… }\n    { 'sold' }\n\n  Cost: O(1).\n",
  ].join('\n\n');
  const body =
    "for i = 1, 2 do\n  redis.call('DEL', KEYS[i], KEYS[i + 2])\nend\nfor i = 2, #ARGV, 3 do\n  f(ARGV[i])\nend\n";

  assert.equal(
    documented(header, 'KEYS').map((entry) => entry.index),
    [1, 2],
  );
  assert.match(documented(header, 'ARGV').at(-1)?.text ?? '', 'continued');
  assert.equal(used(body, 'KEYS'), { indexes: [1, 2, 3, 4], tail: null });
  assert.equal(used(body, 'ARGV'), { indexes: [], tail: 2 });
  assert.equal(documentedWords(header), ['lost', 'ok', 'sold']);
  assert.equal(returnedWords("local ENDED = { S = 'sold' }\nreturn { is_live and 'a' or 'b' }\nreturn { 'c', 1 }"), [
    'a',
    'b',
    'c',
    'sold',
  ]);
  assert.equal(parsedWords("case 'x':\n case 'y': {"), ['x', 'y']);
});

function functionsOf(body: string): string[] {
  return [...body.matchAll(/^local function (\w+)\(/gm)].map(([, name = '']) => name);
}

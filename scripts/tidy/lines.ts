import { isTestCode } from './files.ts';

type Rule = { what: string; pattern: RegExp /** Where it may stand. */; allowed: (file: string) => boolean };

const within =
  (...places: string[]) =>
  (file: string) =>
    places.some((place) => file.startsWith(place));
const nowhere = () => false;

/** What may stand where. Words are split where this very file would otherwise break its own rules. */
const rules: Rule[] = [
  {
    what: 'the environment is read in config.ts only',
    pattern: /process\.env\b/,
    allowed: (file) => file === 'src/config.ts' || file.endsWith('.mjs') || isTestCode(file) || within('bench/')(file),
  },
  { what: 'work left for later belongs into an issue', pattern: /\b(TO[D]O|FIX[M]E|X{3})\b/, allowed: nowhere },
  { what: 'a test is neither skipped nor singled out', pattern: /\btest\.(on[l]y|ski[p])\b/, allowed: nowhere },
  {
    what: 'tests run themselves through testing/suite.ts',
    pattern: /from 'uvu'|\btest\.run\(\)/,
    allowed: (file) => file === 'src/testing/suite.ts',
  },
  {
    what: 'Lua stands in lua/, not in a string',
    pattern: /redis\.(p?call)\(/,
    allowed: (file) => file.endsWith('.lua') || isTestCode(file),
  },
  {
    what: 'the domain reads no clock and no randomness',
    pattern: /Date\.now|new Date\(\)|Math\.random|performance\.now|random(Bytes|UUID)/,
    allowed: (file) => !file.startsWith('src/domain/') || isTestCode(file),
  },
  {
    what: 'a shared store is never flushed',
    pattern: /flush(all|db)\b/i,
    // The fault bench flushes the Redis that it has started itself.
    allowed: (file) => file.endsWith('.solo.test.ts') || file === 'bench/faults/faults-redis.ts',
  },
  {
    what: 'the compiler and the linters are not silenced',
    pattern: /@ts-(ignore|nocheck)|(eslint|oxlint)-disable/,
    allowed: nowhere,
  },
  {
    what: 'classes are for errors only',
    pattern: /^\s*(export )?class (?!\w+(<\w+>)? extends \w*Error\b)/,
    allowed: isTestCode,
  },
];

/** Names every line that stands where it may not. Comments count too, except for code that they only mention. */
export function lineProblems(file: string, text: string): string[] {
  if (file === 'scripts/tidy/lines.ts') return [];
  return text.split('\n').flatMap((line, index) => {
    const isComment = /^\s*(\/\/|\*|\/\*|--)/.test(line);
    return rules
      .filter((rule) => rule.pattern.test(line) && !rule.allowed(file))
      .filter((rule) => !isComment || rule.what.includes('later') || rule.what.includes('silenced'))
      .map((rule) => `${file}:${index + 1}: ${rule.what}`);
  });
}

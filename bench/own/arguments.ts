import { parseArgs } from 'node:util';

/** Every argument that is wrong, at once, with the usage. */
export class UsageError extends Error {
  constructor(
    readonly problems: string[],
    usage: string,
  ) {
    super(`${problems.map((problem) => `  - ${problem}`).join('\n')}\n\n${usage}`);
    this.name = 'UsageError';
  }
}

type Range = { min: number; max: number };

/** Arguments as they were given; what is wrong with them is collected until `done`. */
export type Arguments = {
  positionals: string[];
  flag(name: string): boolean;
  /** The text of an option; null when it was not given. */
  text(name: string): string | null;
  /** The texts of an option that may be given several times. */
  texts(name: string): string[];
  whole(name: string, fallback: number, range: Range): number;
  number(name: string, fallback: number, range: Range): number;
  /** Notes a problem of the command's own. */
  problem(text: string): void;
  /** Hands the options on. Throws UsageError when anything was wrong. */
  done<T>(options: T): T;
};

/** Reads a command line of `--text value`, `--flag` and words; null when `--help` is among it. Throws nothing before `done`. */
export function readArguments(
  args: string[],
  known: { usage: string; texts: readonly string[]; flags?: readonly string[]; takesWords?: boolean },
): Arguments | null {
  const { usage, texts, flags = [], takesWords = false } = known;
  const text = { type: 'string', multiple: true } as const;
  const flag = { type: 'boolean' } as const;
  // Not strict: the parser would stop at the first problem.
  const { values, positionals } = parseArgs({
    args,
    strict: false,
    allowPositionals: true,
    options: Object.fromEntries([
      ...texts.map((name) => [name, text]),
      ...[...flags, 'help'].map((name) => [name, flag]),
    ]),
  });
  if (values['help'] === true) return null;

  const isKnown = (name: string) => texts.includes(name) || flags.includes(name) || name === 'help';
  const problems = [
    ...Object.keys(values).flatMap((name) => (isKnown(name) ? [] : [`there is no option --${name}`])),
    ...(takesWords ? [] : positionals).map((word) => `"${word}" belongs to no option`),
    ...flags.flatMap((name) => (typeof values[name] === 'string' ? [`--${name} takes no value`] : [])),
  ];
  const given = (name: string) => [values[name] ?? []].flat();
  const numeric = (name: string, fallback: number, { min, max }: Range, [what, pattern]: [string, RegExp]) => {
    const last = given(name).at(-1);
    if (last === undefined) return fallback;
    const value = typeof last === 'string' && pattern.test(last) ? Number(last) : Number.NaN;
    if (value >= min && value <= max) return value;
    problems.push(`--${name} takes ${what} from ${min} to ${max}${typeof last === 'string' ? `, not "${last}"` : ''}`);
    return fallback;
  };
  return {
    positionals,
    flag: (name) => values[name] === true,
    // An option without its value reads as true: the empty text is no good value of any.
    text: (name) =>
      given(name)
        .map((value) => (typeof value === 'string' ? value : ''))
        .at(-1) ?? null,
    texts: (name) => given(name).map((value) => (typeof value === 'string' ? value : '')),
    whole: (name, fallback, range) => numeric(name, fallback, range, ['a whole number', /^\d{1,15}$/]),
    number: (name, fallback, range) => numeric(name, fallback, range, ['a number', /^\d*\.?\d+$/]),
    problem: (text) => void problems.push(text),
    done(options) {
      if (problems.length > 0) throw new UsageError(problems, usage);
      return options;
    },
  };
}

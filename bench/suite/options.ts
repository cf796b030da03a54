import { parseArgs } from 'node:util';

/** What was asked for on the command line. */
export type Options = {
  /** Names of cases; all of them when empty. */
  cases: string[];
  rounds: number;
  seconds: number;
  connections: number;
  /** Which program sends the load; null for wrk where it is installed, else autocannon. */
  load: 'wrk' | 'autocannon' | null;
  quick: boolean;
  json: boolean;
  /** Where the report goes. */
  out: string | null;
};

/** Every argument that is wrong, at once. */
export class UsageError extends Error {
  constructor(problems: string[], usage: string) {
    super(`${problems.map((problem) => `  - ${problem}`).join('\n')}\n\n${usage}`);
    this.name = 'UsageError';
  }
}

/** `known` are the names of the cases with their questions. */
export function usageOf(known: ReadonlyMap<string, string>): string {
  return `usage: npm run bench -- [cases] [options]

  --rounds 3           timed rounds of each program of a case (1 to 20)
  --seconds 3          length of a round (1 to 60)
  --connections 100    connections of the load (1 to 1000)
  --load wrk           what sends the load, wrk or autocannon; wrk where it is installed
  --quick              one short round of everything, fewer holds: shows that it works, not how fast it is
  --out folder         where the report goes; bench/results for a whole run, .onsale/bench for any other
  --json               only JSON on stdout, and nothing else there

cases:
${[...known].map(([name, question]) => `  ${name.padEnd(14)} ${question}`).join('\n')}

Exit code 0 when every check held, 1 when one failed, 2 for arguments like these, 130 when interrupted.`;
}

const loads = ['wrk', 'autocannon'] as const;
const optionNames = ['rounds', 'seconds', 'connections', 'load', 'quick', 'json', 'out', 'help'];

/** Reads the arguments; null when help is asked for. Throws UsageError naming every problem at once. */
export function readOptions(args: string[], known: ReadonlyMap<string, string>): Options | null {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  // Not strict: the parser would stop at the first problem.
  const { values, positionals } = parseArgs({
    args,
    strict: false,
    allowPositionals: true,
    options: {
      rounds: text,
      seconds: text,
      connections: text,
      load: text,
      out: text,
      quick: flag,
      json: flag,
      help: flag,
    },
  });
  if (values['help'] === true) return null;

  const problems = [
    ...Object.keys(values).flatMap((name) => (optionNames.includes(name) ? [] : [`there is no option --${name}`])),
    ...positionals.flatMap((name) => (known.has(name) ? [] : [`there is no case "${name}"`])),
    ...['quick', 'json'].flatMap((name) => (typeof values[name] === 'string' ? [`--${name} takes no value`] : [])),
  ];
  const whole = (name: string, fallback: number, max: number) => {
    const given = values[name];
    if (given === undefined) return fallback;
    const value = typeof given === 'string' && /^\d+$/.test(given) ? Number(given) : Number.NaN;
    if (value >= 1 && value <= max) return value;
    problems.push(`--${name} takes a whole number from 1 to ${max}`);
    return fallback;
  };
  const quick = values['quick'] === true;
  const options: Options = {
    cases: [...new Set(positionals)],
    rounds: whole('rounds', quick ? 1 : 3, 20),
    seconds: whole('seconds', quick ? 1 : 3, 60),
    connections: whole('connections', 100, 1000),
    load: loads.find((name) => name === values['load']) ?? null,
    quick,
    json: values['json'] === true,
    out: typeof values['out'] === 'string' ? values['out'] : null,
  };
  if (values['load'] !== undefined && !options.load) problems.push('--load takes wrk or autocannon');
  if (values['out'] !== undefined && !options.out) problems.push('--out takes a folder');
  if (problems.length > 0) throw new UsageError(problems, usageOf(known));
  return options;
}

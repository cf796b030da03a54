import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { combined, faultNames, singleFaults } from './catalogue.ts';

export type Options = {
  seed: number;
  schedules: number;
  /** The number of the first schedule, counted from 1. */
  first: number;
  faults: readonly string[];
  /** Visitors a second. */
  rate: number;
  json: boolean;
};

/** Every argument that is wrong, at once. */
export class UsageError extends Error {
  constructor(readonly problems: string[]) {
    super(`${problems.map((problem) => `  - ${problem}`).join('\n')}\n\n${usage}`);
    this.name = 'UsageError';
  }
}

export const usage = `usage: npm run faults -- [options]

  --schedules 25       how many schedules (1 to 100000); each fault has its turn once in a round
  --seed 1             what happens when, and what buyers do (0 to 4294967295); random without it
  --first 1            the number of the first schedule; with seed and fault it repeats exactly that one
  --fault kill-redis   only this fault; may be given several times
  --rate 90            visitors a second, each of whom sends two or three requests (1 to 1000)
  --json               only JSON on stdout, and nothing else there

Faults (after those with a * Redis may have forgotten what it acknowledged):
${singleFaults.map(({ name, what, mayLose }) => `  ${mayLose ? '*' : ' '} ${name.padEnd(26)}${what}`).join('\n')}
    ${combined.padEnd(26)}two of these at once, on different parts

Exit code 0 when every rule held, 1 when one was broken, 2 for arguments like these.`;

const known = ['seed', 'schedules', 'first', 'fault', 'rate', 'json', 'help'];

/** Reads the arguments; null when help is asked for. Throws UsageError naming every problem at once. */
export function readOptions(args: string[]): Options | null {
  const text = { type: 'string' } as const;
  // Not strict: the parser would stop at the first problem.
  const { values, positionals } = parseArgs({
    args,
    strict: false,
    allowPositionals: true,
    options: {
      ...{ seed: text, schedules: text, first: text, rate: text, fault: { ...text, multiple: true } },
      ...{ json: { type: 'boolean' }, help: { type: 'boolean' } },
    },
  });
  if (values['help'] === true) return null;

  const problems = [
    ...Object.keys(values).flatMap((name) => (known.includes(name) ? [] : [`there is no option --${name}`])),
    ...positionals.map((word) => `"${word}" belongs to no option`),
  ];
  const whole = (name: string, fallback: number, [min, max]: [number, number]) => {
    const given = values[name];
    if (given === undefined) return fallback;
    const value = typeof given === 'string' && /^\d+$/.test(given) ? Number(given) : Number.NaN;
    if (value >= min && value <= max) return value;
    const not = typeof given === 'string' ? `, not "${given}"` : '';
    problems.push(`--${name} takes a whole number from ${min} to ${max}${not}`);
    return fallback;
  };
  const chosen = [values['fault'] ?? []].flat().map(String);
  for (const name of chosen) if (!faultNames.includes(name)) problems.push(`there is no fault "${name}"`);
  if (values['json'] !== undefined && typeof values['json'] !== 'boolean') problems.push('--json takes no value');
  const options: Options = {
    seed: whole('seed', randomInt(2 ** 32), [0, 2 ** 32 - 1]),
    schedules: whole('schedules', faultNames.length, [1, 100_000]),
    first: whole('first', 1, [1, 1_000_000]),
    rate: whole('rate', 90, [1, 1000]),
    faults: chosen.length > 0 ? [...new Set(chosen)] : faultNames,
    json: values['json'] === true,
  };
  if (problems.length > 0) throw new UsageError(problems);
  return options;
}

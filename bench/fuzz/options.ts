import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';

export type Options = { seed: number; requests: number };

export const usage = `usage: npm run fuzz -- [options]

  --requests 5000   bad requests to send (1 to 10000000)
  --seed 1          which ones (0 to 2147483647); random without it

Exit code 0 when nothing was found, 1 when something was, 2 for arguments like these.`;

/** Arguments that are wrong, with the usage. */
export class UsageError extends Error {
  constructor(problem: string) {
    super(`  - ${problem}\n\n${usage}`);
    this.name = 'UsageError';
  }
}

const requestsMax = 10_000_000;
/** fast-check takes whole numbers of 32 bits. */
const seedMax = 2 ** 31 - 1;

/** Reads the arguments; null when help is asked for. Throws UsageError. */
export function readOptions(args: string[]): Options | null {
  const text = { type: 'string' } as const;
  const { values } = parsed(() =>
    parseArgs({ args, options: { seed: text, requests: text, help: { type: 'boolean' } } }),
  );
  if (values.help === true) return null;
  return {
    seed: whole('seed', values.seed, { min: 0, max: seedMax }) ?? randomInt(seedMax),
    requests: whole('requests', values.requests, { min: 1, max: requestsMax }) ?? 5000,
  };
}

function parsed<T>(parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function whole(name: string, given: string | undefined, { min, max }: { min: number; max: number }): number | null {
  if (given === undefined) return null;
  const value = /^\d{1,10}$/.test(given) ? Number(given) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new UsageError(`--${name} takes a whole number from ${min} to ${max}, not "${given}"`);
}

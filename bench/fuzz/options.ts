import { randomInt } from 'node:crypto';
import { readArguments } from '../own/arguments.ts';

export type Options = { seed: number; requests: number };

export const usage = `usage: npm run fuzz -- [options]

  --requests 5000   bad requests to send (1 to 10000000)
  --seed 1          which ones (0 to 2147483647); random without it

Exit code 0 when nothing was found, 1 when something was, 2 for arguments like these.`;

const requestsMax = 10_000_000;
/** fast-check takes whole numbers of 32 bits. */
const seedMax = 2 ** 31 - 1;

/** Reads the arguments; null when help is asked for. Throws UsageError. */
export function readOptions(args: string[]): Options | null {
  const given = readArguments(args, { usage, texts: ['seed', 'requests'] });
  if (!given) return null;
  return given.done({
    seed: given.whole('seed', randomInt(seedMax), { min: 0, max: seedMax }),
    requests: given.whole('requests', 5000, { min: 1, max: requestsMax }),
  });
}

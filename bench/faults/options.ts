import { randomInt } from 'node:crypto';
import { readArguments } from '../own/arguments.ts';
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

/** Reads the arguments; null when help is asked for. Throws UsageError naming every problem at once. */
export function readOptions(args: string[]): Options | null {
  const given = readArguments(args, { usage, texts: ['seed', 'schedules', 'first', 'rate', 'fault'], flags: ['json'] });
  if (!given) return null;
  const chosen = given.texts('fault');
  for (const name of chosen) if (!faultNames.includes(name)) given.problem(`there is no fault "${name}"`);
  return given.done({
    seed: given.whole('seed', randomInt(2 ** 32), { min: 0, max: 2 ** 32 - 1 }),
    schedules: given.whole('schedules', faultNames.length, { min: 1, max: 100_000 }),
    first: given.whole('first', 1, { min: 1, max: 1_000_000 }),
    rate: given.whole('rate', 90, { min: 1, max: 1000 }),
    faults: chosen.length > 0 ? [...new Set(chosen)] : faultNames,
    json: given.flag('json'),
  });
}

import { readArguments } from '../own/arguments.ts';

/** What was asked for on the command line. */
export type Options = {
  /** Names of cases; all of them when empty. */
  cases: string[];
  rounds: number;
  seconds: number;
  connections: number;
  /** Which program sends the load; null for wrk where it is installed, else autocannon. */
  load: 'wrk' | 'autocannon' | null;
  /** Whether MySQL keeps a binary log, as one with replicas does. */
  binlog: boolean;
  quick: boolean;
  json: boolean;
  /** Where the report goes. */
  out: string | null;
};

/** `known` are the names of the cases with their questions. */
export function usageOf(known: ReadonlyMap<string, string>): string {
  return `usage: npm run bench -- [cases] [options]

  --rounds 3           timed rounds of each program of a case (1 to 20)
  --seconds 3          length of a round (1 to 60)
  --connections 200    connections of the load (1 to 1000)
  --load wrk           what sends the load, wrk or autocannon; wrk where it is installed
  --no-binlog          MySQL without its binary log, as a server without replicas and without a restore to any moment may run
  --quick              one short round of everything, fewer holds: shows that it works, not how fast it is
  --out folder         where the report goes; bench/results for a whole run, .onsale/bench for any other
  --json               only JSON on stdout, and nothing else there

cases:
${[...known].map(([name, question]) => `  ${name.padEnd(14)} ${question}`).join('\n')}

Exit code 0 when every check held, 1 when one failed, 2 for arguments like these, 130 when interrupted.`;
}

const loads = ['wrk', 'autocannon'] as const;

/** Reads the arguments; null when help is asked for. Throws UsageError naming every problem at once. */
export function readOptions(args: string[], known: ReadonlyMap<string, string>): Options | null {
  const given = readArguments(args, {
    usage: usageOf(known),
    texts: ['rounds', 'seconds', 'connections', 'load', 'out'],
    flags: ['quick', 'json', 'no-binlog'],
    takesWords: true,
  });
  if (!given) return null;
  for (const name of given.positionals) if (!known.has(name)) given.problem(`there is no case "${name}"`);
  const quick = given.flag('quick');
  const [load, out] = [given.text('load'), given.text('out')];
  const options: Options = {
    cases: [...new Set(given.positionals)],
    rounds: given.whole('rounds', quick ? 1 : 3, { min: 1, max: 20 }),
    seconds: given.whole('seconds', quick ? 1 : 3, { min: 1, max: 60 }),
    connections: given.whole('connections', 200, { min: 1, max: 1000 }),
    load: loads.find((name) => name === load) ?? null,
    binlog: !given.flag('no-binlog'),
    quick,
    json: given.flag('json'),
    out,
  };
  if (load !== null && !options.load) given.problem('--load takes wrk or autocannon');
  if (out === '') given.problem('--out takes a folder');
  return given.done(options);
}

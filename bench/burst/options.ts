import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';

export type Options = {
  buyers: number;
  tickets: number;
  /** The share of winners who pay, 0 to 1. */
  confirm: number;
  connections: number;
  /** Arrivals a second in an open loop; null for a closed loop, where every connection presses again once it is answered. */
  rate: number | null;
  seed: number;
  /** A running engine on this machine; null to start one. */
  url: string | null;
  json: boolean;
};

/** Every argument that is wrong, at once. */
export class UsageError extends Error {
  constructor(readonly problems: string[]) {
    super(`${problems.map((problem) => `  - ${problem}`).join('\n')}\n\n${usage}`);
    this.name = 'UsageError';
  }
}

export const usage = `usage: npm run burst -- [options]

  --buyers 20000       distinct buyers, each presses reserve once (1 to 1000000)
  --tickets 100        tickets of the sale made for this burst (1 to 1000000)
  --confirm 0.7        the share of winners who pay (0 to 1)
  --connections 100    connections (1 to 5000)
  --rate 3000          open loop: so many buyers arrive a second (1 to 100000); without it a closed loop
  --seed 1             who pays and what the buyers are called (0 to 4294967295); random without it
  --url http://127.0.0.1:3000   a running engine on this machine; without it one is started, and ended afterwards
  --json               only JSON on stdout, and nothing else there

Exit code 0 when every rule held, 1 when one was broken, 2 for arguments like these.`;

const known = ['buyers', 'tickets', 'confirm', 'connections', 'rate', 'seed', 'url', 'json', 'help'];
/** What a buyer holds lives for two hours: a longer burst would see holds lapse, and sell their tickets again. */
const secondsMax = 3600;

/** Reads the arguments; null when help is asked for. Throws UsageError naming every problem at once. */
export function readOptions(args: string[]): Options | null {
  // Not strict: the parser would stop at the first problem.
  const text = { type: 'string' } as const;
  const { values, positionals } = parseArgs({
    args,
    strict: false,
    allowPositionals: true,
    options: {
      ...{ buyers: text, tickets: text, confirm: text, connections: text, rate: text, seed: text, url: text },
      ...{ json: { type: 'boolean' }, help: { type: 'boolean' } },
    },
  });
  if (values['help'] === true) return null;

  const problems = [
    ...Object.keys(values).flatMap((name) => (known.includes(name) ? [] : [`there is no option --${name}`])),
    ...positionals.map((word) => `"${word}" belongs to no option`),
  ];
  const number = (name: string, fallback: number, range: Range) => {
    const given = values[name];
    if (given === undefined) return fallback;
    const value = typeof given === 'string' && range.pattern.test(given) ? Number(given) : Number.NaN;
    if (value >= range.min && value <= range.max) return value;
    const not = typeof given === 'string' ? `, not "${given}"` : '';
    problems.push(`--${name} takes ${range.what} from ${range.min} to ${range.max}${not}`);
    return fallback;
  };
  const options: Options = {
    buyers: number('buyers', 20_000, whole(1, 1_000_000)),
    tickets: number('tickets', 100, whole(1, 1_000_000)),
    confirm: number('confirm', 0.7, { what: 'a number', pattern: /^\d*\.?\d+$/, min: 0, max: 1 }),
    connections: number('connections', 100, whole(1, 5000)),
    rate: number('rate', 0, whole(1, 100_000)) || null,
    seed: number('seed', randomInt(2 ** 32), whole(0, 2 ** 32 - 1)),
    url: readUrl(values['url'], problems),
    json: values['json'] === true,
  };
  if (values['json'] !== undefined && typeof values['json'] !== 'boolean') problems.push('--json takes no value');
  if (options.rate !== null && options.buyers / options.rate > secondsMax) {
    problems.push(`--buyers ${options.buyers} at --rate ${options.rate} would take more than an hour`);
  }
  if (problems.length > 0) throw new UsageError(problems);
  return options;
}

type Range = { what: string; pattern: RegExp; min: number; max: number };

function whole(min: number, max: number): Range {
  return { what: 'a whole number', pattern: /^\d+$/, min, max };
}

/** Load belongs on a machine of one's own, hence loopback only. */
function readUrl(given: string | boolean | undefined, problems: string[]): string | null {
  if (given === undefined) return null;
  const url = typeof given === 'string' && URL.canParse(given) ? new URL(given) : null;
  const isLoopback = url !== null && /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(url.hostname);
  if (url?.protocol === 'http:' && isLoopback && url.href === `${url.origin}/`) return url.origin;
  const not = typeof given === 'string' ? `, not "${given}"` : '';
  problems.push(`--url takes an engine on this machine, such as http://127.0.0.1:3000${not}`);
  return null;
}

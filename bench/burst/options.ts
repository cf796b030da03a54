import { randomInt } from 'node:crypto';
import { type Arguments, readArguments } from '../own/arguments.ts';

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

/** What a buyer holds lives for two hours: a longer burst would see holds lapse, and sell their tickets again. */
const secondsMax = 3600;

/** Reads the arguments; null when help is asked for. Throws UsageError naming every problem at once. */
export function readOptions(args: string[]): Options | null {
  const texts = ['buyers', 'tickets', 'confirm', 'connections', 'rate', 'seed', 'url'];
  const given = readArguments(args, { usage, texts, flags: ['json'] });
  if (!given) return null;
  const options: Options = {
    buyers: given.whole('buyers', 20_000, { min: 1, max: 1_000_000 }),
    tickets: given.whole('tickets', 100, { min: 1, max: 1_000_000 }),
    confirm: given.number('confirm', 0.7, { min: 0, max: 1 }),
    connections: given.whole('connections', 100, { min: 1, max: 5000 }),
    rate: given.whole('rate', 0, { min: 1, max: 100_000 }) || null,
    seed: given.whole('seed', randomInt(2 ** 32), { min: 0, max: 2 ** 32 - 1 }),
    url: readUrl(given),
    json: given.flag('json'),
  };
  if (options.rate !== null && options.buyers / options.rate > secondsMax) {
    given.problem(`--buyers ${options.buyers} at --rate ${options.rate} would take more than an hour`);
  }
  return given.done(options);
}

/** Load belongs on a machine of one's own, hence loopback only. */
function readUrl(given: Arguments): string | null {
  const text = given.text('url');
  if (text === null) return null;
  const url = URL.canParse(text) ? new URL(text) : null;
  const isLoopback = url !== null && /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/.test(url.hostname);
  if (url?.protocol === 'http:' && isLoopback && url.href === `${url.origin}/`) return url.origin;
  given.problem(`--url takes an engine on this machine, such as http://127.0.0.1:3000, not "${text}"`);
  return null;
}

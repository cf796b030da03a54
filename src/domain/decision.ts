import type { Line } from './hold.ts';

/** What one script decided about one hold or one sale, as the decision log tells it. */
export type Decision = {
  /** Entry and position, such as `1764000000000-0.2`; the order of ids is the order of decisions. */
  decisionId: string;
  /** Unix milliseconds of the Redis server. */
  atMs: number;
  /** Who decided: place begin abort finish expire release void, or install apply withdraw resync for the whole sale. */
  verb: string;
  /** What the script answered. */
  outcome: string;
  /** Empty, like the buyer and the lines, in decisions about the whole sale. */
  holdId: string;
  buyerId: string;
  lines: Line[];
  /** The circumstances, packed as the script wrote them; `explainDecision` puts them into words. */
  detail: string;
};

/** Numbers by ticket type, packed as `ticketTypeId:number:…,…`. */
export function parseCounts(packed: string): [ticketTypeId: string, ...numbers: number[]][] {
  if (packed === '') return [];
  return packed.split(',').map((part) => {
    const [ticketTypeId = '', ...numbers] = part.split(':');
    return [ticketTypeId, ...numbers.map(Number)];
  });
}

/** Why it was decided so, in a sentence for a person. */
export function explainDecision(decision: Decision): string {
  const explain = explanations[`${decision.verb} ${decision.outcome}`];
  return explain ? explain(decision) : `${decision.verb}: ${decision.outcome}`;
}

const states: Record<string, string> = { H: 'held', C: 'being confirmed', S: 'sold', R: 'released', E: 'expired' };

const explanations: Record<string, (decision: Decision) => string> = {
  'place placed': ({ lines, detail }) => `${wanted(lines)} held until ${isoTime(detail)}`,
  'place exists': ({ detail }) => `the id is known, and its hold is ${states[detail] ?? detail}: a repeat`,
  'place mismatch': ({ detail }) => `the Idempotency-Key had been used for other tickets: ${detail}`,
  'place receipt_expired': () => 'the deadline of the token had passed',
  'place sale_not_open': ({ detail }) => `the sale opens at ${isoTime(detail)}`,
  'place sale_closed': () => 'the sale was closed',
  'place sale_paused': () => 'the sale was paused',
  'place ticket_type_not_found': ({ detail }) => `the sale has no such ticket type: ${detail}`,
  'place limit_reached': ({ lines, detail }) => overLimit(lines, detail),
  'place sold_out': ({ lines, detail }) => `${wanted(lines)} wanted; ${left(detail)}: none can come back`,
  'place all_held': ({ lines, detail }) => `${wanted(lines)} wanted; ${left(detail)}: unpaid ones may come back`,
  'begin begun': () => 'a confirm began; MySQL decides',
  'begin unknown': () => 'no such hold was known here',
  'begin not_yours': () => 'the hold belonged to somebody else',
  'begin sold': () => 'it had been bought before: a repeat',
  'begin released': () => 'it had been given back',
  'begin expired': () => 'its deadline had passed',
  'begin overdue': () => 'all grace was over; MySQL decides',
  'abort ignored': () => 'nothing of this attempt was open any more',
  'abort joined': () => 'the attempt failed; others were still open',
  'abort reopened': () => 'the last open attempt failed; the buyer may try again',
  'finish sold': () => 'MySQL had committed the order',
  'finish already': () => 'it was known to be sold',
  'finish debited': () =>
    'MySQL had committed the order after the tickets had gone back: taken from what was available',
  'expire expired': () => 'the deadline had passed, or MySQL had decided against it: the tickets went back',
  'release released': () => 'given back on request',
  'release replayed': () => 'it had been given back before: a repeat',
  'release unknown': () => 'no such hold was known here',
  'release not_yours': () => 'the hold belonged to somebody else',
  'release sold': () => 'it had been bought',
  'release expired': () => 'its deadline had passed',
  'release confirming': () => 'a confirm was under way',
  'void given_back': () => 'MySQL had decided against it',
  'void remembered': () => 'MySQL had decided against it; it was not known here',
  'install installed': ({ detail }) => `the sale was counted from MySQL, epoch ${detail}`,
  'apply applied': ({ detail }) => `rules and capacities of MySQL were applied${detail ? `, capacity ${detail}` : ''}`,
  'withdraw withdrawn': ({ detail }) => `taken out of sale: ${detail}`,
  'withdraw insufficient': ({ detail }) => `not enough available to take out of sale: ${detail}`,
  'resync resynced': ({ detail }) => `set right from MySQL; before: ${detail}`,
  'resync sold': () => 'a resync found its order in MySQL',
};

function wanted(lines: readonly Line[]): string {
  return lines.map(({ ticketTypeId, quantity }) => `${quantity} of ${ticketTypeId}`).join(', ');
}

function left(detail: string): string {
  return parseCounts(detail)
    .map(([ticketTypeId, available, held]) => `of ${ticketTypeId} ${available} were available and ${held} held`)
    .join(', ');
}

function overLimit(lines: readonly Line[], detail: string): string {
  const [scope, limit, held, bought] = detail.split(',');
  if (scope === 'order') return `${wanted(lines)} wanted; one order may have ${limit}`;
  return `${wanted(lines)} wanted; the buyer held ${held} and had bought ${bought} of the ${limit} that one may have`;
}

function isoTime(ms: string): string {
  return new Date(Number(ms)).toISOString();
}

import type { Decision } from '../domain/decision.ts';
import type { StockCounts } from '../domain/sale.ts';
import { type DecisionEntry, parseStock } from '../domain/stock-replay.ts';
import type { Redis } from './connection.ts';
import { unpackLines } from './hold-record.ts';
import { decisionsKey, saleKey } from './keys.ts';
import { stockOf } from './read-sale.ts';
import { command, pipelined } from './script.ts';

/** One page of the decision log, newest entry first, beginning with the entry `from` or the newest. Throws UnavailableError. */
export async function readDecisionsBefore(
  redis: Redis,
  { saleId, from, count }: { saleId: string; from: string | null; count: number },
): Promise<DecisionEntry[]> {
  const key = decisionsKey(redis.keyPrefix, saleId);
  const entries = await command(redis, (client) => client.xrevrange(key, from ?? '+', '-', 'COUNT', count));
  return entries.map(decodeEntry);
}

/**
 * One page of the log, oldest entry first. `isWhole` is false when the entry `after` is gone, so that others may be missing too.
 * `counts` are those that stand at the end of the log; null when there is more to read, or when somebody decided between the two
 * readings. (A full memory refuses MULTI, and just then the log is needed.) Throws UnavailableError.
 */
export async function readDecisionsAfter(
  redis: Redis,
  { saleId, after, count }: { saleId: string; after: string | null; count: number },
): Promise<{ entries: DecisionEntry[]; isWhole: boolean; counts: Map<string, StockCounts> | null }> {
  const [log, sale] = [decisionsKey(redis.keyPrefix, saleId), saleKey(redis.keyPrefix, saleId)];
  const replies = await pipelined(redis, (pipeline) => {
    pipeline
      .xrange(log, after ?? '-', '+', 'COUNT', count + 1)
      .hgetall(sale)
      .xrevrange(log, '+', '-', 'COUNT', 1);
  });
  const [found, fields, newest] = replies as [Entry[], Record<string, string>, Entry[]];
  const isWhole = after === null || found[0]?.[0] === after;
  const page = after !== null && isWhole ? found.slice(1) : found;
  const last = page.at(-1)?.[0] ?? (isWhole ? after : null);
  const isEnd = (newest[0]?.[0] ?? null) === last;
  const counts = stockOf(fields).map(({ ticketTypeId, available, held, sold }) => {
    return [ticketTypeId, { available, held, sold }] as const;
  });
  return { entries: page.map(decodeEntry), isWhole, counts: isEnd ? new Map(counts) : null };
}

/** Lets the log of a sale that is over lapse after so long; a sale that changes again keeps it (`apply-sale`). */
export async function keepDecisions(redis: Redis, saleId: string, forMs: number): Promise<void> {
  await command(redis, (client) => client.pexpire(decisionsKey(redis.keyPrefix, saleId), forMs));
}

type Entry = [entryId: string, fields: string[]];

function decodeEntry([entryId, fields]: Entry): DecisionEntry {
  const atMs = Number(entryId.split('-')[0]);
  const decisions: Decision[] = [];
  let counts = new Map<string, StockCounts>();
  for (let at = 0; at < fields.length; at += 2) {
    const [verb = '', packed = ''] = [fields[at], fields[at + 1]];
    if (verb === 'stock') counts = parseStock(packed);
    else decisions.push(decodeDecision({ decisionId: `${entryId}.${at / 2}`, atMs, verb }, packed));
  }
  return { entryId, decisions, counts };
}

function decodeDecision(about: Pick<Decision, 'decisionId' | 'atMs' | 'verb'>, packed: string): Decision {
  const [outcome = '', holdId = '', lines = '', detail = '', ...buyer] = packed.split(';');
  return { ...about, outcome, holdId, lines: unpackLines(lines), detail, buyerId: buyer.join(';') };
}

import type { Decision } from '../domain/decision.ts';
import { malformedCursor, UnavailableError } from '../domain/errors.ts';
import type { Page } from '../domain/order.ts';
import type { StockCounts } from '../domain/sale.ts';
import { beginReplay, endReplay, interruptReplay, replayEntry, type StockReplay } from '../domain/stock-replay.ts';
import { readDecisionsAfter, readDecisionsBefore } from '../redis/decisions.ts';
import type { Context } from './context.ts';

const PAGE_ENTRIES = 200;
/** One request reads so many decisions at most, and a page more: what is looked for may be far back, or nowhere. */
const READ_MAX = 20_000;
/** A log of a million entries takes longer to be replayed than anybody waits for. */
const REPLAY_BUDGET_MS = 3000;

export type DecisionsInput = {
  saleId: string;
  buyerId?: string | undefined;
  holdId?: string | undefined;
  limit: number;
  cursor?: string | undefined;
};

/** Everything before the decision at this index of this entry. */
type Position = { entryId: string; index: number };

/**
 * Decisions about a sale, newest first; null when there is no such sale. A page may be short and still have a next one.
 * Throws UnavailableError, and RequestError for a cursor that is not ours.
 */
export async function listDecisions(context: Context, input: DecisionsInput): Promise<Page<Decision> | null> {
  const { saleId, limit } = input;
  let position = input.cursor === undefined ? null : decodeCursor(input.cursor);
  if (!(await context.catalog.find(saleId))) return null;
  const items: Decision[] = [];
  for (let read = 0; read < READ_MAX; ) {
    const from = position?.entryId ?? null;
    const entries = await readDecisionsBefore(context.redis, { saleId, from, count: PAGE_ENTRIES });
    for (const { entryId, decisions } of entries) {
      read += decisions.length;
      const isThere: boolean = position?.entryId === entryId;
      const end = isThere ? Math.min(position?.index ?? 0, decisions.length) : decisions.length;
      for (let index = end - 1; index >= 0; index--) {
        const decision = decisions[index] as Decision;
        if (!isAbout(decision, input)) continue;
        items.push(decision);
        if (items.length === limit) return { items, nextCursor: encodeCursor({ entryId, index }) };
      }
      position = { entryId, index: 0 };
    }
    if (entries.length < PAGE_ENTRIES) return { items, nextCursor: null };
  }
  return { items, nextCursor: position && encodeCursor(position) };
}

function isAbout(decision: Decision, { buyerId, holdId }: Pick<DecisionsInput, 'buyerId' | 'holdId'>): boolean {
  if (buyerId !== undefined && decision.buyerId !== buyerId) return false;
  return holdId === undefined || decision.holdId === holdId;
}

function encodeCursor({ entryId, index }: Position): string {
  return Buffer.from(`${entryId} ${index}`).toString('base64url');
}

function decodeCursor(cursor: string): Position {
  const match = /^(\d{1,16}-\d{1,16}) (\d{1,9})$/.exec(Buffer.from(cursor, 'base64url').toString('latin1'));
  const position = { entryId: match?.[1] ?? '', index: Number(match?.[2]) };
  if (match && encodeCursor(position) === cursor) return position;
  throw malformedCursor();
}

/** Stock as the decisions of the log make it, beside what stands there now; `gaps` are where somebody else has written. */
export type ReplayedStock = {
  entries: number;
  decisions: number;
  firstEntryId: string | null;
  lastEntryId: string | null;
  counts: ReadonlyMap<string, StockCounts>;
  gaps: StockReplay['gaps'];
};

/**
 * Replays the stock of a sale from its log, page by page while the sale goes on; null when there is no such sale. The
 * counts are those that stood at the end of the log, so nothing under way is taken for a gap. Throws UnavailableError, also when
 * the end is not reached within `budgetMs`.
 */
export async function replayStock(
  context: Context,
  saleId: string,
  budgetMs = REPLAY_BUDGET_MS,
): Promise<ReplayedStock | null> {
  if (!(await context.catalog.find(saleId))) return null;
  const until = performance.now() + budgetMs;
  const replay = beginReplay();
  const read = { entries: 0, decisions: 0, firstEntryId: null as string | null };
  while (performance.now() < until) {
    const page = await readDecisionsAfter(context.redis, { saleId, after: replay.lastEntryId, count: PAGE_ENTRIES });
    // What was cut off while we read may have moved units: what came before says nothing about what comes now.
    if (!page.isWhole) interruptReplay(replay);
    for (const entry of page.entries) {
      replayEntry(replay, entry);
      read.firstEntryId ??= entry.entryId;
      read.entries += 1;
      read.decisions += entry.decisions.length;
    }
    if (!page.counts) continue;
    endReplay(replay, page.counts);
    const { counts, gaps, lastEntryId } = replay;
    return { ...read, lastEntryId, counts, gaps };
  }
  throw new UnavailableError('the decision log could not be read to its end in time');
}

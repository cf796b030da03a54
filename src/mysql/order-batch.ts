import { setTimeout as sleep } from 'node:timers/promises';
import { InvariantError, UnavailableError } from '../domain/errors.ts';
import type { OrderDraft } from '../domain/order.ts';
import type { Mysql } from './connection.ts';
import { CommitUnknownError, isDuplicate } from './errors.ts';
import { attempt } from './order-attempt.ts';
import { type Entry, isOpen, settle, settleFailure } from './order-entry.ts';
import { type Quantities, quantityByType } from './order-transaction.ts';
import { type HoldOutcome, insertVoid, readOutcomes } from './outcomes.ts';

const askAgainAfterMs = 25;
const guardTriesMax = 5;

/** A batch of the same sale that was begun before: what it may take is left to it, until it is `over` and waited for no more. */
export type Ahead = { quantities: Quantities; over: Promise<void> };

/** Settles every entry of one sale and epoch by the truth; a bad one never harms the others. Never throws. */
export async function settleBatch(mysql: Mysql, entries: readonly Entry[], ahead: Ahead): Promise<void> {
  const groups: Entry[][] = [[...entries]];
  for (let group = groups.pop(); group; group = groups.pop()) {
    try {
      // Pushed backwards, so that who came first is tried first.
      groups.push(...(await settleGroup(mysql, group.filter(isOpen), ahead)).reverse());
    } catch (error) {
      for (const entry of group) settleFailure(entry, error);
    }
  }
}

/** One round: settles what it can and returns what must be tried again, in smaller groups or without who was settled. */
async function settleGroup(mysql: Mysql, entries: Entry[], ahead: Ahead): Promise<Entry[][]> {
  const leaves = ahead.quantities.size > 0;
  const result = await attempt(mysql, entries, ahead.quantities);
  const open = result.entries.filter(isOpen);
  if (open.length === 0) return [];
  switch (result.status) {
    case 'committed':
      for (const entry of open) settle(entry, { status: 'sold', createdAtMs: result.createdAtMs });
      return [];
    case 'guard_refused':
      if (!leaves) return afterGuard(mysql, open);
      // Perhaps only for what those before may need: after them it is asked again, for this alone.
      await ahead.over;
      return [open];
    case 'refused':
      return isDuplicate(result.error) ? afterDuplicate(mysql, open, result.error) : split(open, result.error);
    case 'gave_up':
      for (const entry of open) settleFailure(entry, result.error);
      return [];
  }
}

/** Some hold is decided already: who has an outcome gets it, the others try again without. */
async function afterDuplicate(mysql: Mysql, entries: Entry[], error: unknown): Promise<Entry[][]> {
  const doubts = entries.map((entry) => entry.doubt);
  // Until it is read which hold has an outcome, no one here may be told that nothing was written.
  for (const entry of entries) entry.doubt ??= error;
  const outcomes = await patiently(entries, () =>
    readOutcomes(
      mysql.db,
      entries.map(({ draft }) => draft.holdId),
    ),
  );
  entries.forEach((entry, index) => {
    entry.doubt = doubts[index];
  });

  const rest = entries.filter((entry) => {
    const known = outcomes.get(entry.draft.holdId);
    if (known) settleByOutcome(entry, known);
    return !known;
  });
  // Nobody decided: another key was taken twice (an order id, a line), which is an error of one draft's data.
  return rest.length === entries.length ? split(entries, error) : [rest];
}

function settleByOutcome(entry: Entry, known: HoldOutcome): void {
  if (known.orderId === null) settle(entry, { status: 'void' });
  // Our own earlier COMMIT, whose answer was lost.
  else if (known.orderId === entry.draft.orderId) settle(entry, { status: 'sold', createdAtMs: known.createdAtMs });
  else settle(entry, { status: 'already_sold', orderId: known.orderId });
}

/** Nothing was written, and a lone draft is the one to blame. */
function split(entries: Entry[], error: unknown): Entry[][] {
  if (entries.length > 1) {
    const half = Math.ceil(entries.length / 2);
    return [entries.slice(0, half), entries.slice(half)];
  }
  for (const entry of entries) settleFailure(entry, error);
  return [];
}

type Stock = Map<string, { epoch: number; left: number }>;

/** Finds out why the guard refused: the sale was rebuilt, a ticket type does not exist, or the capacity does not suffice. */
async function afterGuard(mysql: Mysql, refused: Entry[]): Promise<Entry[][]> {
  const drafts = refused.map((entry) => entry.draft);
  const stock = await patiently(refused, () => readStock(mysql, drafts));
  const entries = refused.filter(isOpen);
  const epoch = drafts[0]?.epoch;
  if ([...stock.values()].some((row) => row.epoch !== epoch)) {
    for (const entry of entries) settle(entry, { status: 'fenced' });
    return [];
  }
  const named = entries.filter(({ draft }) => draft.lines.every((line) => stock.has(line.ticketTypeId)));
  for (const entry of entries)
    if (!named.includes(entry)) settleFailure(entry, new InvariantError('an order names an unknown ticket type'));
  if (named.length < entries.length) return [named];
  const [only] = named;
  if (named.length === 1 && only) return afterLoneRefusal(mysql, only, stock);
  return splitByStock(named, stock);
}

async function readStock(mysql: Mysql, drafts: readonly OrderDraft[]): Promise<Stock> {
  const rows = await mysql.db
    .selectFrom('ticket_types')
    .select(['id', 'epoch', 'capacity', 'sold'])
    .where('sale_id', '=', drafts[0]?.saleId ?? '')
    .where('id', 'in', [...quantityByType(drafts).keys()])
    .execute();
  return new Map(rows.map((row) => [row.id, { epoch: row.epoch, left: row.capacity - row.sold }]));
}

function fits(draft: OrderDraft, stock: Stock): boolean {
  return draft.lines.every((line) => line.quantity <= (stock.get(line.ticketTypeId)?.left ?? 0));
}

/**
 * Who fits goes together, in the order of arrival; each of the others alone, so that a big order harms no small one.
 * What was read may be old by now, so this only guesses well: the guard decides again, and halves if it must.
 */
function splitByStock(entries: Entry[], stock: Stock): Entry[][] {
  const fitting: Entry[] = [];
  const others: Entry[][] = [];
  for (const entry of entries) {
    if (!fits(entry.draft, stock)) others.push([entry]);
    else {
      fitting.push(entry);
      for (const line of entry.draft.lines) {
        const row = stock.get(line.ticketTypeId);
        if (row) row.left -= line.quantity;
      }
    }
  }
  if (others.length === 0) return split(fitting, undefined);
  return fitting.length === 0 ? others : [fitting, ...others];
}

/** Refused alone: the hold is void from now on, unless there is room by now, or somebody else decided about it. */
async function afterLoneRefusal(mysql: Mysql, entry: Entry, stock: Stock): Promise<Entry[][]> {
  if (fits(entry.draft, stock)) {
    entry.guardTries += 1;
    if (entry.guardTries < guardTriesMax) return [[entry]];
    settleFailure(entry, new InvariantError('the stock guard refuses what fits', { saleId: entry.draft.saleId }));
    return [];
  }
  const { holdId, saleId, orderId, epoch } = entry.draft;
  // Told at the deadline that nothing was written, the buyer would come back and meet a void.
  entry.inFlight = true;
  const word = await patiently([entry], () => insertVoid(mysql, { holdId, saleId, epoch })).finally(() => {
    entry.inFlight = false;
  });
  if (word.outcome === 'sold') {
    if (word.orderId === orderId) return [[entry]];
    settle(entry, { status: 'already_sold', orderId: word.orderId });
  } else settle(entry, { status: word.outcome === 'void' ? 'refused' : 'fenced' });
  return [];
}

/** Repeats `ask` until it is answered or nobody waits any more. An unanswered COMMIT in it leaves a doubt behind. */
async function patiently<T>(entries: readonly Entry[], ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof UnavailableError)) throw error;
      if (error instanceof CommitUnknownError) for (const entry of entries) entry.doubt ??= error;
      const lastMs = Math.max(...entries.filter(isOpen).map((entry) => entry.deadlineMs), 0);
      if (Date.now() + askAgainAfterMs >= lastMs) throw error;
      await sleep(askAgainAfterMs);
    }
  }
}

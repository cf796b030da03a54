import { InvariantError, UnavailableError } from '../domain/errors.ts';
import type { CommitOutcome, OrderDraft } from '../domain/order.ts';
import type { Mysql } from './connection.ts';
import { type Ahead, settleBatch } from './order-batch.ts';
import { type Entry, isOpen, newEntry, settle, settleOverdue } from './order-entry.ts';
import { quantityByType } from './order-transaction.ts';

export type OrderWriterOptions = {
  /** Drafts in one transaction. */
  batchMax: number;
  /** Drafts of one sale that may wait; more are refused as `failed`. */
  waitingMax?: number;
  /** Transactions at one time, over all sales; the pool's other connections are left to readers. */
  transactionsMax?: number;
};

export type OrderWriter = {
  /**
   * Makes one draft durable and answers with MySQL's word; settles by `deadlineMs` (Unix ms, default 2 s from now). Safe to
   * retry with the same hold. Never throws.
   */
  commit(draft: OrderDraft, deadlineMs?: number): Promise<CommitOutcome>;
  /** Answers when nothing waits and no transaction is under way. */
  idle(): Promise<void>;
};

/** A sale's drafts that wait, and its batches under way with their holds, the first begun first. */
type Lane = { waiting: Entry[]; underWay: (Ahead & { batch: Batch })[] };
/** Drafts of one epoch by their holds. */
type Batch = ReadonlyMap<string, Entry>;

const patienceMs = 2_000;
const overdueCheckMs = 20;
/** While one batch of a sale commits, the rows of the next are written. A third gains nothing, and would have to leave stock to both. */
const perSaleMax = 2;
const nobody: Ahead = { quantities: new Map(), over: Promise.resolve() };

/**
 * Group commit: per sale two transactions at a time, one that writes while the other commits, and the drafts that arrive meanwhile
 * form the next one. The second takes only what the first cannot need, so nobody is overtaken at the stock. Nothing waits for
 * company: an idle lane commits at the end of the same turn of the event loop.
 */
export function createOrderWriter(mysql: Mysql, options: OrderWriterOptions): OrderWriter {
  const { batchMax, waitingMax = 10_000 } = options;
  const transactionsMax = options.transactionsMax ?? Math.max(1, Math.ceil(mysql.options.connectionsMax * 0.7));
  const lanes = new Map<string, Lane>();
  const ready = new Set<string>();
  const idlers: (() => void)[] = [];
  let watched: Entry[] = [];
  let running = 0;
  let overdueTimer: NodeJS.Timeout | null = null;

  function commit(draft: OrderDraft, deadlineMs = Date.now() + patienceMs): Promise<CommitOutcome> {
    return new Promise((resolve) => {
      const lane = lanes.get(draft.saleId) ?? { waiting: [], underWay: [] };
      const entry = newEntry(draft, deadlineMs, resolve);
      const refusal = refusalOf(draft, lane, waitingMax);
      if (refusal) return settle(entry, { status: 'failed', cause: refusal });
      lanes.set(draft.saleId, lane);
      lane.waiting.push(entry);
      watched.push(entry);
      overdueTimer ??= setInterval(() => {
        watched = checkDeadlines(watched);
      }, overdueCheckMs);
      if (lane.underWay.length >= perSaleMax || ready.has(draft.saleId)) return;
      ready.add(draft.saleId);
      setImmediate(pump);
    });
  }

  /** Starts a transaction for each lane whose turn it is, as many as may run. */
  function pump(): void {
    for (const saleId of ready) {
      if (running >= transactionsMax) return;
      const lane = lanes.get(saleId);
      ready.delete(saleId);
      if (lane) void runLane(saleId, lane);
    }
    rest();
  }

  async function runLane(saleId: string, lane: Lane): Promise<void> {
    const batch = takeBatch(lane, batchMax);
    // What still waits is about holds under way: the end of their transaction lets it go on.
    if (batch.size === 0) return forgetIdle(lanes, saleId);
    running += 1;
    const ended = runBatch(mysql, lane, batch);
    if (lane.waiting.length > 0 && lane.underWay.length < perSaleMax) ready.add(saleId);
    await ended;
    running -= 1;
    if (lane.waiting.length > 0) ready.add(saleId);
    forgetIdle(lanes, saleId);
    pump();
  }

  function rest(): void {
    if (running > 0 || ready.size > 0) return;
    if (overdueTimer) clearInterval(overdueTimer);
    overdueTimer = null;
    watched = [];
    for (const done of idlers.splice(0)) done();
  }

  return {
    commit,
    idle: () =>
      running === 0 && ready.size === 0 ? Promise.resolve() : new Promise((resolve) => void idlers.push(resolve)),
  };
}

/** Settles who is overdue, and answers with who is still open. */
function checkDeadlines(entries: readonly Entry[]): Entry[] {
  settleOverdue(entries, Date.now());
  return entries.filter(isOpen);
}

/** Settles a batch behind the one that is under way already, and before any that is begun until it ends. */
async function runBatch(mysql: Mysql, lane: Lane, batch: Batch): Promise<void> {
  const entries = [...batch.values()];
  const quantities = quantityByType(entries.map(({ draft }) => draft));
  const over = settleBatch(mysql, entries, lane.underWay.at(-1) ?? nobody).then(() => quantities.clear());
  const own = { batch, quantities, over };
  lane.underWay.push(own);
  await over;
  lane.underWay.splice(lane.underWay.indexOf(own), 1);
}

function forgetIdle(lanes: Map<string, Lane>, saleId: string): void {
  const lane = lanes.get(saleId);
  if (lane?.underWay.length === 0 && lane.waiting.length === 0) lanes.delete(saleId);
}

/** The next drafts of one epoch; a hold that is under way already waits, and will find its outcome when its turn comes. */
function takeBatch(lane: Lane, batchMax: number): Batch {
  const batch = new Map<string, Entry>();
  const waiting = lane.waiting.filter(isOpen);
  lane.waiting = [];
  let epoch: number | undefined;
  for (const entry of waiting) {
    const { draft } = entry;
    // The first that may go says the epoch.
    const isNext = batch.size < batchMax && draft.epoch === (epoch ?? draft.epoch);
    if (isNext && !isUnderWay(lane, batch, draft.holdId)) {
      epoch = draft.epoch;
      batch.set(draft.holdId, entry);
    } else lane.waiting.push(entry);
  }
  return batch;
}

function isUnderWay(lane: Lane, next: Batch, holdId: string): boolean {
  return next.has(holdId) || lane.underWay.some(({ batch }) => batch.has(holdId));
}

/** Here and not by MySQL, because the batch behind trusts the quantities of the one before it. */
function refusalOf(draft: OrderDraft, lane: Lane, waitingMax: number): Error | null {
  if (lane.waiting.length >= waitingMax) return new UnavailableError('too many orders wait to be committed');
  const { lines, holdId } = draft;
  if (lines.length > 0 && lines.every(({ quantity }) => Number.isSafeInteger(quantity) && quantity > 0)) return null;
  return new InvariantError('an order has no lines, or one without tickets', { holdId });
}

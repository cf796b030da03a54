import { InvariantError, UnavailableError } from '../domain/errors.ts';
import type { CommitOutcome, OrderDraft } from '../domain/order.ts';
import type { Mysql } from './connection.ts';
import { settleBatch } from './order-batch.ts';
import { type Entry, isOpen, newEntry, settle, settleOverdue } from './order-entry.ts';

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

type Lane = { waiting: Entry[]; busy: boolean };

const patienceMs = 2_000;
const overdueCheckMs = 20;

/**
 * Group commit: per sale one transaction at a time, and the drafts that arrive meanwhile form the next one. Nothing waits
 * for company: an idle lane commits at the end of the same turn of the event loop.
 */
export function createOrderWriter(mysql: Mysql, options: OrderWriterOptions): OrderWriter {
  const { batchMax, waitingMax = 10_000 } = options;
  const transactionsMax = options.transactionsMax ?? Math.max(1, Math.ceil(mysql.options.connectionsMax * 0.7));
  const lanes = new Map<string, Lane>();
  const ready = new Set<string>();
  const open = new Set<Entry>();
  const idlers: (() => void)[] = [];
  let running = 0;
  let overdueTimer: NodeJS.Timeout | null = null;

  function commit(draft: OrderDraft, deadlineMs = Date.now() + patienceMs): Promise<CommitOutcome> {
    return new Promise((resolve) => {
      const lane = lanes.get(draft.saleId) ?? { waiting: [], busy: false };
      const entry = newEntry(draft, deadlineMs, (outcome) => {
        open.delete(entry);
        resolve(outcome);
      });
      const refusal = refusalOf(draft, lane, waitingMax);
      if (refusal) return settle(entry, { status: 'failed', cause: refusal });
      lanes.set(draft.saleId, lane);
      lane.waiting.push(entry);
      open.add(entry);
      overdueTimer ??= setInterval(() => settleOverdue(open, Date.now()), overdueCheckMs);
      if (lane.busy || ready.has(draft.saleId)) return;
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
    running += 1;
    lane.busy = true;
    await settleBatch(mysql, batch);
    running -= 1;
    lane.busy = false;
    if (lane.waiting.length > 0) ready.add(saleId);
    else lanes.delete(saleId);
    pump();
  }

  function rest(): void {
    if (running > 0 || ready.size > 0) return;
    if (overdueTimer) clearInterval(overdueTimer);
    overdueTimer = null;
    for (const done of idlers.splice(0)) done();
  }

  return {
    commit,
    idle: () =>
      running === 0 && ready.size === 0 ? Promise.resolve() : new Promise((resolve) => void idlers.push(resolve)),
  };
}

/** The next drafts of one epoch; a hold that is named twice waits for the next batch, where its outcome will be found. */
function takeBatch(lane: Lane, batchMax: number): Entry[] {
  const batch: Entry[] = [];
  const holds = new Set<string>();
  const waiting = lane.waiting.filter(isOpen);
  const epoch = waiting[0]?.draft.epoch;
  lane.waiting = [];
  for (const entry of waiting) {
    const { draft } = entry;
    if (batch.length < batchMax && draft.epoch === epoch && !holds.has(draft.holdId)) {
      holds.add(draft.holdId);
      batch.push(entry);
    } else lane.waiting.push(entry);
  }
  return batch;
}

function refusalOf(draft: OrderDraft, lane: Lane, waitingMax: number): Error | null {
  if (lane.waiting.length >= waitingMax) return new UnavailableError('too many orders wait to be committed');
  return draft.lines.length === 0 ? new InvariantError('an order has no lines', { holdId: draft.holdId }) : null;
}

import { v7 as uuid } from 'uuid';
import { totalMinor } from '../domain/hold.ts';
import type { OrderDraft } from '../domain/order.ts';
import { abortConfirms } from '../redis/abort-confirms.ts';
import { beginConfirms } from '../redis/begin-confirms.ts';
import { finishConfirms } from '../redis/finish-confirms.ts';
import type { Of } from './operations.ts';
import { begin, commit, confirm } from './oracle/buyers.ts';
import { reopened } from './oracle/workers.ts';
import { finish, isLapsed, timing } from './oracle/world.ts';
import { type Attempt, atOnce, type Deed, priced, type Run, saleIn } from './run-state.ts';
import { seen, seenConfirm } from './see.ts';

const patienceMs = 60_000;
let attemptsMade = 0;

/** A server begins to confirm, by the very scripts of the engine, and whether it goes on is another operation. */
export function beginDeed(run: Run, { slot, attempt }: Of<'attempt begins'>): Deed | null {
  const receipt = run.slots.get(slot)?.receipt;
  if (!receipt) return null;
  const { saleId, holdId, buyerId, lines } = receipt;
  attemptsMade += 1;
  const attemptId = attemptsMade.toString(36).padStart(8, '0');
  const options = { leaseMs: timing.leaseMs, graceMaxMs: timing.graceMaxMs, ...memory };
  return {
    saleId,
    act: (_engine, { redis }) =>
      seen(beginConfirms(redis, { saleId, items: [{ holdId, buyerId, attemptId, lines }], options }), ([reply]) => {
        if (reply?.status === 'begun') {
          run.attempts.set(attempt, { ...receipt, attemptId, orderId: uuid(), epoch: reply.epoch, state: 'begun' });
        }
        return { status: reply?.status ?? 'no reply' };
      }),
    predict: (world) => atOnce(() => ({ status: begin(world, saleIn(world, saleId), receipt, attemptId) })),
  };
}

const memory = { keyedMemoryMs: timing.keyedMemoryMs, memoryMs: timing.memoryMs };

/** An attempt that was begun goes to MySQL, tells Redis of its order, or takes itself back; a dead one never comes here. */
export function goOnDeed(run: Run, { kind, attempt: number }: GoOn): Deed | null {
  const attempt = run.attempts.get(number);
  if (!attempt) return null;
  switch (kind) {
    case 'attempt commits':
      return attempt.state === 'aborted' ? null : commitDeed(attempt);
    case 'attempt finishes':
      return attempt.state === 'committed' ? finishDeed(attempt) : null;
    case 'attempt aborts':
      return attempt.state === 'committed' ? null : abortDeed(attempt);
  }
}

type GoOn = Of<'attempt commits' | 'attempt finishes' | 'attempt aborts'>;

function commitDeed(attempt: Attempt): Deed {
  const { saleId, epoch } = attempt;
  return {
    saleId,
    async act(_engine, { writer }) {
      const { status } = await writer.commit(draftOf(attempt, epoch), Date.now() + patienceMs);
      if (status === 'sold') attempt.state = 'committed';
      return { status };
    },
    predict: (world) => atOnce(() => ({ status: commit(saleIn(world, saleId), attempt, epoch).word })),
  };
}

function finishDeed(attempt: Attempt): Deed {
  const { saleId, holdId, buyerId, lines, placedAtMs, expiresAtMs } = attempt;
  const items = [{ holdId, buyerId, lines, placedAtMs, expiresAtMs }];
  return {
    saleId,
    act: (_engine, { redis }) =>
      seen(finishConfirms(redis, { saleId, items }), ([word]) => ({ status: word ?? 'no reply' })),
    predict: (world) => atOnce(() => ({ status: finish(saleIn(world, saleId), attempt, attempt) })),
  };
}

function abortDeed(attempt: Attempt): Deed {
  const { saleId, holdId, attemptId, epoch } = attempt;
  const options = { graceMs: timing.graceMs, graceMaxMs: timing.graceMaxMs };
  return {
    saleId,
    act: (_engine, { redis }) =>
      seen(abortConfirms(redis, { saleId, items: [{ holdId, epoch, attemptId }], options }), ([word]) => {
        attempt.state = 'aborted';
        return { status: word ?? 'no reply' };
      }),
    predict: (world) =>
      atOnce(() => {
        const { redis: model } = saleIn(world, saleId);
        const hold = model.holds.get(holdId);
        if (hold?.status !== 'confirming' || !hold.attempts.includes(attemptId)) return { status: 'ignored' };
        hold.attempts = hold.attempts.filter((open) => open !== attemptId);
        if (hold.attempts.length > 0) return { status: 'joined' };
        model.holds.set(holdId, reopened(world, hold));
        return { status: 'reopened' };
      }),
  };
}

/**
 * A failover that nobody saw has forgotten a begin: the hold lapses in Redis, and its order is committed all the same. The
 * buyer's repeat must find it, whatever there is left.
 */
export function lateCommitDeed(run: Run, { slot }: Of<'late commit'>): Deed | null {
  const receipt = run.slots.get(slot)?.receipt;
  if (!receipt) return null;
  const { saleId, holdId, buyerId, token } = receipt;
  const sale = saleIn(run.world, saleId);
  const hold = sale.redis.holds.get(holdId);
  const isDecided = sale.mysql.orders.has(holdId) || sale.mysql.voids.has(holdId);
  const isOver = hold && (hold.status === 'expired' || isLapsed(hold, run.world.nowMs));
  if (!isOver || isDecided || sale.epoch === null) return null;
  const { epoch } = sale;
  const draft = { ...receipt, orderId: uuid() };
  return {
    saleId,
    async act(engine, { writer }) {
      run.laws.pardon(saleId, holdId, buyerId);
      const { status: word } = await writer.commit(draftOf(draft, epoch), Date.now() + patienceMs);
      const { status, ...rest } = await seen(engine.confirm({ buyerId, token }), seenConfirm);
      return { ...rest, status: `${word}, then ${status}` };
    },
    *predict(world, _actual, by) {
      const model = saleIn(world, saleId);
      const { word } = commit(model, draft, epoch);
      yield;
      const { status, ...rest } = yield* confirm(world, model, receipt, { by });
      return { ...rest, status: `${word}, then ${status}` };
    },
  };
}

function draftOf(attempt: Omit<Attempt, 'attemptId' | 'epoch' | 'state'>, epoch: number): OrderDraft {
  const { orderId, holdId, saleId, buyerId } = attempt;
  const lines = priced(attempt.lines);
  return { orderId, holdId, saleId, epoch, buyerId, lines, totalMinor: totalMinor(lines), currency: 'EUR' };
}

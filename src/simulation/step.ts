import * as assert from 'uvu/assert';
import type { Engine } from '../engine/engine.ts';
import { assertReplay } from '../testing/redis-state.ts';
import { awaitResync, compare, mayBeRefused, note } from './aftermath.ts';
import { crowd, membersOf } from './crowd.ts';
import { deedOf } from './deeds.ts';
import { observe } from './observe.ts';
import { describe, type Of, type Operation } from './operations.ts';
import { forgetNow } from './oracle/memory.ts';
import { timing } from './oracle/world.ts';
import { type Deed, moveClock, type Real, type Run, saleIdAt, saleIn } from './run-state.ts';
import { count } from './tally.ts';
import { together } from './together.ts';

/** Whether what the operation names is there, and whether its moment is still ahead. */
export function isPossible(run: Run, operation: Operation): boolean {
  if (operation.kind === 'wait') return true;
  if (operation.kind === 'in turn') return operation.all.some((it) => isPossible(run, it));
  if (operation.kind === 'crowd') return membersOf(run, operation).length > 1;
  if (operation.kind === 'wait until') return (momentOf(run, operation) ?? 0) > run.world.nowMs;
  if (operation.kind !== 'together') return deedOf(run, operation) !== null;
  const [first, second] = operation.both.map((it) => deedOf(run, it));
  return first != null && second != null && first.saleId !== null && first.saleId === second.saleId;
}

/** Does one operation for real and in the oracle, and compares answer, both stores and the laws. Throws what differs. */
export async function step(run: Run, real: Real, operation: Operation): Promise<void> {
  if (operation.kind === 'in turn') {
    for (const it of operation.all) if (isPossible(run, it)) await step(run, real, it);
    return;
  }
  run.steps += 1;
  // A crowd counts its members itself.
  run.tally.operations += operation.kind === 'together' ? 2 : operation.kind === 'crowd' ? 0 : 1;
  run.trace.push(describe(operation));
  run.done.push(operation);
  switch (operation.kind) {
    case 'wait':
      return moveClock(run, real, run.world.nowMs + operation.ms);
    case 'wait until':
      return moveClock(run, real, momentOf(run, operation) ?? run.world.nowMs);
    case 'crowd':
      return crowd(run, real, operation);
    case 'together':
      return together(run, real, operation);
    default:
      return alone(run, real, operation);
  }
}

function momentOf({ world, ...run }: Run, operation: Of<'wait until'>): number | null {
  const receipt = run.slots.get(operation.slot)?.receipt;
  if (!receipt) return null;
  const { mysql, redis } = saleIn(world, receipt.saleId);
  const hold = redis.holds.get(receipt.holdId);
  const moments = {
    deadline: hold?.deadlineMs,
    promise: receipt.expiresAtMs,
    // Nothing else has any grace left to lose.
    grace: hold?.status === 'confirming' ? receipt.expiresAtMs + timing.graceMaxMs : undefined,
    lease: hold?.leaseUntilMs,
    memory: hold?.forgetAtMs,
    opening: mysql.rules.opensAtMs,
    closing: mysql.rules.closesAtMs,
  };
  const moment = moments[operation.what];
  return moment == null ? null : moment + operation.offsetMs;
}

async function alone(run: Run, real: Real, operation: Operation): Promise<void> {
  const deed = deedOf(run, operation) as Deed;
  const by = run.steps % 2;
  const engine = real.engines[by] as Engine;
  const actual = await deed.act(engine, real);
  note(run, operation, deed, actual);
  const steps = deed.predict(run.world, actual, by);
  let next = steps.next();
  while (!next.done) next = steps.next();
  assert.equal(actual, next.value, 'the answer is not what the oracle says');
  if (mayBeRefused(operation, actual)) {
    await awaitResync(run, deed.saleId, [engine]);
    forgetNow(run.world, deed.saleId ?? '', [by]);
  }
  await compare(run, real, deed.saleId);
}

/** The end of a run: after all grace whatever is open gets decided, and then nothing may be held and both stores agree. */
export async function settle(settled: Run, real: Real): Promise<void> {
  // What it does itself is no part of what was done.
  const run = { ...settled, done: [] };
  await step(run, real, { kind: 'wait', ms: timing.keyedMemoryMs });
  for (const [sale, saleId] of run.saleIds.entries()) {
    await step(run, real, { kind: 'recover', sale });
    await step(run, real, { kind: 'sweep', sale });
    await step(run, real, { kind: 'resync', sale, dryRun: false, key: null });
    await step(run, real, { kind: 'reconcile', sale });
    if (!run.tampered.has(saleId)) await assertReplay(real.redis, saleId);
    const { counts, inMysql } = await observe(real, saleIdAt(run, sale));
    for (const { ticketTypeId, held, sold, available, capacity } of counts) {
      const there = inMysql.find((row) => row.ticketTypeId === ticketTypeId);
      assert.equal(
        [held, sold],
        [0, there?.sold],
        `at rest nothing of ${ticketTypeId} is held, and what is sold is ordered`,
      );
      assert.is(available + sold, capacity, `at rest every ticket of ${ticketTypeId} in ${saleId} is for sale or sold`);
    }
  }
  for (const word of ['sold_out', 'all_held']) {
    count(run.tally, 'from memory', { status: word }, run.world.recalls.get(word) ?? 0);
  }
}

import * as assert from 'uvu/assert';
import type { Engine } from '../engine/engine.ts';
import { assertReplay } from '../testing/redis-state.ts';
import { differences } from './compare.ts';
import { deedOf } from './deeds.ts';
import { type Observed, observe } from './observe.ts';
import { describe, type Of, type Operation } from './operations.ts';
import { interleavings, type Prediction, shared, swept } from './oracle/interleave.ts';
import { type Expected, type HoldModel, type Steps, timing, type World } from './oracle/world.ts';
import { buyerAt, type Deed, type Real, type Run, saleIdAt, saleIn } from './run-state.ts';
import { count } from './tally.ts';

/** Whether what the operation names is there, and whether its moment is still ahead. */
export function isPossible(run: Run, operation: Operation): boolean {
  if (operation.kind === 'wait') return true;
  if (operation.kind === 'in turn') return operation.all.some((it) => isPossible(run, it));
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
  run.tally.operations += operation.kind === 'together' ? 2 : 1;
  run.trace.push(describe(operation));
  switch (operation.kind) {
    case 'wait':
      return moveClock(run, real, run.world.nowMs + operation.ms);
    case 'wait until':
      return moveClock(run, real, momentOf(run, operation) ?? run.world.nowMs);
    case 'together':
      return together(run, real, operation);
    default:
      return alone(run, real, operation);
  }
}

function moveClock(run: Run, { clock }: Real, nowMs: number): void {
  run.world.nowMs = nowMs;
  clock.nowMs = nowMs;
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
  const engine = real.engines[run.steps % 2] as Engine;
  const actual = await deed.act(engine, real);
  note(run, operation, deed, actual);
  const steps = deed.predict(run.world, actual);
  let next = steps.next();
  while (!next.done) next = steps.next();
  assert.equal(actual, next.value, 'the answer is not what the oracle says');
  if (actual.status === 'sold_out') await backgroundResync(run, deed, [engine]);
  if (deed.saleId === null) return;
  const observed = await look(run, real, deed.saleId);
  run.laws.observed(saleIn(run.world, deed.saleId), observed);
  const found = differences(run.world, saleIn(run.world, deed.saleId), observed);
  assert.equal(found, [], 'the stores are not as the oracle says');
}

/** Two at the same time: whatever came of them must be what some order of their steps gives. */
async function together(run: Run, real: Real, operation: Of<'together'>): Promise<void> {
  const deeds = operation.both.map((it) => deedOf(run, it) as Deed);
  const engines: [Engine, Engine] = operation.sameProcess ? [real.engines[0], real.engines[0]] : real.engines;
  const actual = await Promise.all(deeds.map((deed, index) => deed.act(engines[index] as Engine, real)));
  for (const [index, deed] of deeds.entries()) {
    note(run, operation.both[index] as Operation, deed, actual[index] as Expected);
  }
  if (actual.some((outcome) => outcome.status === 'sold_out')) await backgroundResync(run, deeds[0] as Deed, engines);
  const saleId = deeds[0]?.saleId as string;
  const observed = await look(run, real, saleId);
  const predict = deeds.map((deed, index) => (world: World) => deed.predict(world, actual[index] as Expected));
  const possible = new Set<string>();
  let closest: string[] | null = null;
  for (const prediction of predictions(run, saleId, operation, predict)) {
    possible.add(JSON.stringify(prediction.outcomes));
    if (!isEqual(prediction.outcomes, actual)) continue;
    const found = differences(prediction.world, saleIn(prediction.world, saleId), observed);
    if (found.length === 0) {
      run.world = prediction.world;
      run.laws.observed(saleIn(run.world, saleId), observed);
      return;
    }
    if (closest === null || found.length < closest.length) closest = found;
  }
  if (closest)
    assert.equal(closest, [], 'the answers are possible, and the stores are not as any order of steps leaves them');
  const list = [...possible].map((outcomes) => `\n  ${outcomes}`).join('');
  assert.unreachable(`no order of the steps gives ${JSON.stringify(actual)}, only${list}`);
}

function* predictions(
  { world, slots }: Run,
  saleId: string,
  { both, sameProcess }: Of<'together'>,
  predict: ((world: World) => Steps<Expected>)[],
): Generator<Prediction, void, void> {
  yield* interleavings(world, predict);
  const [first, second] = both;
  // Where it comes to the counters themselves it matters what a reserve has swept on its way: its buyer's holds, or all.
  for (const it of both) {
    const request = it.kind === 'reserve' ? it : it.kind === 'replay' ? slots.get(it.slot)?.request : undefined;
    if (!request) continue;
    const ofBuyer = (hold: HoldModel) => hold.buyerId === buyerAt(request.buyer);
    for (const isSwept of [ofBuyer, () => true]) yield* interleavings(swept(world, saleId, isSwept), predict);
  }
  if (!sameProcess || first.kind !== 'confirm' || second.kind !== 'confirm') return;
  if (first.as !== 'owner' || second.as !== 'owner') return;
  const isSame = slots.get(first.slot)?.receipt?.holdId === slots.get(second.slot)?.receipt?.holdId;
  if (isSame) yield* shared(world, predict[0] as (world: World) => Steps<Expected>);
}

function isEqual(a: unknown, b: unknown): boolean {
  try {
    assert.equal(a, b);
    return true;
  } catch {
    // It says so by throwing.
    return false;
  }
}

function note(run: Run, operation: Operation, deed: Deed, actual: Expected): void {
  run.trace.push(`    answered ${JSON.stringify(actual)}`);
  const kind =
    operation.kind === 'lose' && actual.status !== 'lost' ? `lose, then ${operation.first.kind}` : operation.kind;
  count(run.tally, kind === 'replay' ? 'reserve' : kind, actual);
  if (deed.saleId !== null && deed.about) run.laws.answered(deed.saleId, deed.about, actual);
}

/** MySQL refusing a confirm sets off a resync that nobody waits for; a dry one behind it has its turn only afterwards. */
async function backgroundResync(run: Run, deed: Deed, engines: Engine[]): Promise<void> {
  if (deed.saleId === null) return;
  const action = { actorId: run.actorId, requestId: 'simulation', reason: 'to wait for its turn' };
  for (const engine of engines) await engine.sales.resync({ ...action, saleId: deed.saleId, dryRun: true });
}

function look(run: Run, real: Real, saleId: string): Promise<Observed> {
  run.tally.comparisons += 1;
  return observe(real, saleId);
}

/** The end of a run: after all grace whatever is open gets decided, and then nothing may be held and both stores agree. */
export async function settle(run: Run, real: Real): Promise<void> {
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
}

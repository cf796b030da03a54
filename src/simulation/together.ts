import * as assert from 'uvu/assert';
import type { Engine } from '../engine/engine.ts';
import { awaitResync, look, mayBeRefused, note } from './aftermath.ts';
import { differences } from './compare.ts';
import { deedOf } from './deeds.ts';
import type { Of, Operation } from './operations.ts';
import { interleavings, type Prediction, shared, swept } from './oracle/interleave.ts';
import { forgetNow, memoriesText } from './oracle/memory.ts';
import { type Expected, type HoldModel, type Steps, timing, type World } from './oracle/world.ts';
import { buyerAt, type Deed, moveClock, type Real, type Run, saleIn } from './run-state.ts';

/**
 * Two at the same time, the second at once or in the next turn of the event loop, when the first is on its way: whatever came of
 * them must be what some order of their steps gives.
 */
export async function together(run: Run, real: Real, operation: Of<'together'>): Promise<void> {
  const deeds = operation.both.map((it) => deedOf(run, it) as Deed);
  const by = operation.sameProcess ? [0, 0] : [0, 1];
  const actual = await Promise.all(
    deeds.map(async (deed, index) => {
      if (operation.isLater && index > 0) await nextTurn();
      return deed.act(engineAt(real, by[index]), real);
    }),
  );
  for (const [index, deed] of deeds.entries()) {
    note(run, operation.both[index] as Operation, deed, actual[index] as Expected);
  }
  const saleId = deeds[0]?.saleId as string;
  const isResynced = operation.both.some((it, index) => mayBeRefused(it, actual[index] as Expected));
  const asked = isResynced ? [...new Set(by)] : [];
  await awaitResync(
    run,
    saleId,
    asked.map((index) => engineAt(real, index)),
  );
  const observed = await look(run, real, saleId);
  const predict = deeds.map((deed, index) => {
    return (world: World) => deed.predict(world, actual[index] as Expected, by[index] as number);
  });
  const possible = new Set<string>();
  const memories = new Set<string>();
  let agreed: World | null = null;
  let closest: string[] | null = null;
  for (const { outcomes, world } of predictions(run, saleId, operation, predict)) {
    possible.add(JSON.stringify(outcomes));
    forgetNow(world, saleId, asked);
    if (memories.has(memoriesText(world, saleId)) || !isEqual(outcomes, actual)) continue;
    const found = differences(world, saleIn(world, saleId), observed);
    if (found.length === 0) {
      agreed ??= world;
      memories.add(memoriesText(world, saleId));
    }
    if (closest === null || found.length < closest.length) closest = found;
  }
  if (agreed) return accept(run, real, { world: agreed, saleId, isCertain: memories.size === 1 }, observed);
  if (closest)
    assert.equal(closest, [], 'the answers are possible, and the stores are not as any order of steps leaves them');
  const list = [...possible].map((outcomes) => `\n  ${outcomes}`).join('');
  assert.unreachable(`no order of the steps gives ${JSON.stringify(actual)}, only${list}`);
}

/** Behind what the calls of this turn have left for its end. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => process.nextTick(() => setImmediate(resolve)));
}

function engineAt({ engines }: Real, index: number | undefined): Engine {
  return engines[index ?? 0] as Engine;
}

type Agreed = { world: World; saleId: string; isCertain: boolean };

/** The world as it is from now on. What the processes remember is in no store: where it cannot be told, it is left to lapse. */
function accept(
  run: Run,
  real: Real,
  { world, saleId, isCertain }: Agreed,
  observed: Awaited<ReturnType<typeof look>>,
) {
  run.world = world;
  run.laws.observed(saleIn(world, saleId), observed);
  if (isCertain) return;
  moveClock(run, real, world.nowMs + timing.shortageMemoryMs);
  run.trace.push(`    what is remembered cannot be told: ${timing.shortageMemoryMs} ms pass`);
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

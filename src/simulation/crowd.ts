import * as assert from 'uvu/assert';
import type { Engine } from '../engine/engine.ts';
import { awaitResync, compare, mayBeRefused, note } from './aftermath.ts';
import { deedOf } from './deeds.ts';
import type { Of, Operation } from './operations.ts';
import { inOrder } from './oracle/interleave.ts';
import { forgetNow } from './oracle/memory.ts';
import type { Expected, World } from './oracle/world.ts';
import { type Deed, type Real, type Run, saleIn } from './run-state.ts';
import { count } from './tally.ts';

/**
 * Those of a crowd that may be asked for in one turn and are then decided in the order in which they were asked for: reserves of one
 * sale, or confirms of different holds that Redis knows (for those that it has forgotten MySQL is asked, in no order).
 */
export function membersOf(run: Run, { all }: Of<'crowd'>): Operation[] {
  const holds = new Set<string>();
  const members: Operation[] = [];
  let saleId: string | null = null;
  for (const it of all) {
    const deed = deedOf(run, it);
    if (!deed || deed.saleId === null || deed.saleId !== (saleId ?? deed.saleId)) continue;
    const holdId = it.kind === 'confirm' ? (run.slots.get(it.slot)?.receipt?.holdId ?? '') : null;
    if (holdId !== null && (holds.has(holdId) || !saleIn(run.world, deed.saleId).redis.holds.has(holdId))) continue;
    if (holdId !== null) holds.add(holdId);
    saleId = deed.saleId;
    members.push(it);
  }
  return members;
}

/** Many in one turn of one process: what is coalesced must be decided in the order of the calls, each by what the one before left. */
export async function crowd(run: Run, real: Real, operation: Of<'crowd'>): Promise<void> {
  const all = membersOf(run, operation);
  run.tally.operations += all.length;
  const deeds = all.map((it) => deedOf(run, it) as Deed);
  const by = run.steps % 2;
  const engine = real.engines[by] as Engine;
  const actual = await Promise.all(deeds.map((deed) => deed.act(engine, real)));
  for (const [index, deed] of deeds.entries()) {
    note(run, all[index] as Operation, deed, actual[index] as Expected);
  }
  count(run.tally, 'in one turn', { status: `${all[0]?.kind}s` });
  const predict = deeds.map((deed, index) => (world: World) => deed.predict(world, actual[index] as Expected, by));
  assert.equal(
    actual,
    inOrder(run.world, predict),
    'the answers are not what the oracle says, in the order of the calls',
  );
  const saleId = deeds[0]?.saleId as string;
  if (all.some((it, index) => mayBeRefused(it, actual[index] as Expected))) {
    await awaitResync(run, saleId, [engine]);
    forgetNow(run.world, saleId, [by]);
  }
  await compare(run, real, saleId);
}

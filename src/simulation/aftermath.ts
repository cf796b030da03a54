import * as assert from 'uvu/assert';
import type { Engine } from '../engine/engine.ts';
import { differences } from './compare.ts';
import { type Observed, observe } from './observe.ts';
import type { Operation } from './operations.ts';
import type { Expected } from './oracle/world.ts';
import { type Deed, type Real, type Run, saleIn } from './run-state.ts';
import { count } from './tally.ts';

/** Writes down what was answered, for people, for the tally and for the laws. */
export function note(run: Run, operation: Operation, deed: Deed, actual: Expected): void {
  run.trace.push(`    answered ${JSON.stringify(actual)}`);
  const kind =
    operation.kind === 'lose' && actual.status !== 'lost' ? `lose, then ${operation.first.kind}` : operation.kind;
  count(run.tally, kind === 'replay' ? 'reserve' : kind, actual);
  if (deed.saleId !== null && deed.about) run.laws.answered(deed.saleId, deed.about, actual);
}

/** Whether MySQL may have refused a confirm for want of capacity. */
export function mayBeRefused(operation: Operation, { status }: Expected): boolean {
  const { kind } = operation.kind === 'lose' ? operation.first : operation;
  return kind === 'confirm' && status === 'sold_out';
}

/**
 * MySQL refusing a confirm sets off a resync that nobody waits for; a dry one behind it has its turn only afterwards. Being an
 * admin's, it makes these processes forget what they repeat.
 */
export async function awaitResync(run: Run, saleId: string | null, engines: Engine[]): Promise<void> {
  if (saleId === null) return;
  const action = { actorId: run.actorId, requestId: 'simulation', reason: 'to wait for its turn' };
  for (const engine of engines) await engine.sales.resync({ ...action, saleId, dryRun: true });
}

/** Everything that both stores say of a sale now. */
export function look(run: Run, real: Real, saleId: string): Promise<Observed> {
  run.tally.comparisons += 1;
  return observe(real, saleId);
}

/** Holds the stores against the oracle's world and the laws. */
export async function compare(run: Run, real: Real, saleId: string | null): Promise<void> {
  if (saleId === null) return;
  const observed = await look(run, real, saleId);
  run.laws.observed(saleIn(run.world, saleId), observed);
  const found = differences(run.world, saleIn(run.world, saleId), observed);
  assert.equal(found, [], 'the stores are not as the oracle says');
}

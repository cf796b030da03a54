import * as assert from 'uvu/assert';
import { suite } from '../testing/suite.ts';
import { openReal } from './open-real.ts';
import { closeRun, openRun } from './open-run.ts';
import type { Operation, SaleShape } from './operations.ts';
import type { Real } from './run-state.ts';
import { simulate } from './simulate.ts';
import { settle, step } from './step.ts';
import { createTally } from './tally.ts';

const test = suite('simulation', { timeoutMs: 300_000 });
const real = await openReal(false);
test.after(() => real.close());

/** Making a counterexample small ends by itself; cut short by the clock it would be larger on a busy machine. */
const shrinkMs = 120_000;
const settings = { seed: 20261124, operations: 800, runOperations: 150, shrinkMs };
const shape: SaleShape = {
  capacities: [2, 2, 1],
  opensInMs: 0,
  closesInMs: null,
  holdTtlMs: 60_000,
  buyerTicketsMax: 4,
  orderTicketsMax: null,
};
const reserve: Operation = {
  kind: 'reserve',
  sale: 0,
  buyer: 0,
  lines: [{ type: 0, quantity: 1 }],
  key: null,
  slot: 0,
};
const confirm: Operation = { kind: 'confirm', slot: 0, as: 'owner' };
const release: Operation = { kind: 'release', slot: 0, as: 'owner' };

test('random operations on two engines agree with the oracle, step by step', async () => {
  const { tally, failure } = await simulate(real, settings, () => undefined);

  assert.is(failure && [...failure.trace, failure.error.message].join('\n'), null);
  assert.ok(tally.operations >= settings.operations);
  const outcomes = ['reserve', 'confirm', 'release'].map((kind) => tally.words.get(kind)?.size ?? 0);
  assert.ok(
    outcomes.every((words) => words >= 4),
    `few different answers: ${outcomes.join(', ')}`,
  );
});

/** Does the operations on one fresh sale, and says how it came out. */
async function problemOf(changed: Real, operations: Operation[], meanwhile?: (saleId: string) => Promise<void>) {
  const run = await openRun(changed, [shape], createTally());
  try {
    for (const [index, operation] of operations.entries()) {
      if (index === operations.length - 1) await meanwhile?.(run.saleIds[0] as string);
      await step(run, changed, operation);
    }
    await settle(run, changed);
    return null;
  } catch (error) {
    return (error as Error).message;
  } finally {
    await closeRun(changed, run);
  }
}

/** The real thing with one call of both engines answering otherwise. */
function lying(change: (engine: Real['engines'][0]) => Partial<Real['engines'][0]>): Real {
  const [first, second] = real.engines;
  return {
    ...real,
    engines: [
      { ...first, ...change(first) },
      { ...second, ...change(second) },
    ],
  };
}

test('without a lie a hold that is bought, and one that is given back, agree', async () => {
  assert.is(await problemOf(real, [reserve, confirm, confirm, release]), null);
  assert.is(await problemOf(real, [reserve, release, release, confirm]), null);
});

test('a hold that Redis took twice is seen', async () => {
  const problem = await problemOf(real, [reserve, { kind: 'stock', sale: 0 }], async (saleId) => {
    await real.redis.client.hincrby(`${real.redis.keyPrefix}:{${saleId}}:sale`, 'held:std', 1);
  });

  assert.match(problem ?? '', /the answer is not what the oracle says/);
});

test('an order that disappears is seen', async () => {
  const problem = await problemOf(real, [reserve, confirm, { kind: 'sweep', sale: 0 }], async (saleId) => {
    await real.look.query('delete from hold_outcomes where sale_id = ?', [saleId]);
  });

  assert.match(problem ?? '', /the order that was told for hold \S+ is in MySQL/);
});

test('a replay that calls itself the first is seen', async () => {
  const twice = lying((engine) => ({
    confirm: async (input) => {
      const outcome = await engine.confirm(input);
      return outcome.status === 'confirmed' ? { ...outcome, replayed: false } : outcome;
    },
  }));

  assert.match((await problemOf(twice, [reserve, confirm, confirm])) ?? '', /is bought once/);
});

test('a release that is told and not done is seen', async () => {
  const idle = lying(() => ({
    release: async () => ({ status: 'released', holdId: 'whatever', replayed: false }),
  }));

  assert.match((await problemOf(idle, [reserve, release])) ?? '', /the answer is not what the oracle says/);
});

test('a sweep that does nothing is seen', async () => {
  const idle = lying((engine) => ({ work: { ...engine.work, sweepSale: async () => undefined } }));
  const operations: Operation[] = [reserve, { kind: 'wait', ms: 60_000 }, { kind: 'sweep', sale: 0 }];

  assert.match((await problemOf(idle, operations)) ?? '', /the stores are not as the oracle says/);
});

test('a counterexample is made small, and its path shows it again', async () => {
  const idle = lying((engine) => ({
    release: async (input) => {
      const outcome = await engine.release(input);
      return outcome.status === 'released' ? { ...outcome, replayed: true } : outcome;
    },
  }));

  const { failure } = await simulate(idle, settings, () => undefined);
  assert.ok(failure);
  const { path, replayPath } = failure ?? {};
  const again = await simulate(idle, { ...settings, path, replayPath }, () => undefined);

  const operationsOf = (trace: string[]) => trace.filter((line) => !/^( {4}|sale \d)/.test(line));
  assert.ok(operationsOf(failure?.trace ?? []).length <= 4, failure?.trace.join('\n'));
  assert.equal(operationsOf(again.failure?.trace ?? []), operationsOf(failure?.trace ?? []));
});

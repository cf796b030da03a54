import * as assert from 'uvu/assert';
import { canonicalLines, type Line } from '../domain/hold.ts';
import type { Engine } from '../engine/engine.ts';
import type { Shortage } from '../engine/shortages.ts';
import { suite } from '../testing/suite.ts';
import { openReal } from './open-real.ts';
import { timing } from './oracle/world.ts';
import type { Real } from './run-state.ts';
import { simulate } from './simulate.ts';

const test = suite('the simulation of what processes remember', { timeoutMs: 180_000 });
const real = await openReal(false);
test.after(() => real.close());

type Call = 'release' | 'admin release' | 'confirm' | 'change' | 'expiry' | 'recovery';
type Planted = {
  forMs?: number;
  isKeyedRefused?: boolean;
  /** After these it does not forget. */
  deafTo?: Call[];
  /** The lines as it tells them apart. */
  linesOf?: (lines: Line[]) => Line[];
  /** How it repeats what it has learned so long ago. */
  repeat?: (learned: Shortage, agoMs: number) => Shortage;
};

/** The engine behind another memory, which is right as long as nothing is planted in it: whatever the engine does, it forgets. */
function behind(engine: Engine, planted: Planted): Partial<Engine> {
  const { forMs = timing.shortageMemoryMs, isKeyedRefused = false, deafTo = [], linesOf = canonicalLines } = planted;
  const learned = new Map<string, { shortage: Shortage; atMs: number; untilMs: number }>();
  const repeat = planted.repeat ?? waitingLess;
  const { holds, sales, work } = engine;

  function then<I, O>(name: Call, call: (input: I) => Promise<O>): (input: I) => Promise<O> {
    return async (input) => {
      const outcome = await call(input);
      if (!deafTo.includes(name)) learned.clear();
      return outcome;
    };
  }

  return {
    async reserve(input) {
      const wish = JSON.stringify([input.saleId, linesOf(input.lines)]);
      const known = learned.get(wish);
      const nowMs = real.clock.nowMs;
      if (known && known.untilMs > nowMs && (input.idempotencyKey === undefined || isKeyedRefused)) {
        engine.metrics.refusedFromMemory.inc();
        return repeat(known.shortage, nowMs - known.atMs);
      }
      const outcome = await engine.reserve(input);
      if (outcome.status !== 'sold_out' && outcome.status !== 'all_held') return outcome;
      const lapsesInMs = outcome.status === 'sold_out' ? forMs : Math.min(forMs, outcome.retryAfterMs);
      learned.set(wish, { shortage: outcome, atMs: nowMs, untilMs: nowMs + lapsesInMs });
      return outcome;
    },
    release: then('release', engine.release),
    confirm: then('confirm', engine.confirm),
    holds: { ...holds, release: then('admin release', holds.release) },
    sales: {
      ...sales,
      update: then('change', sales.update),
      switch: then('change', sales.switch),
      changeCapacity: then('change', sales.changeCapacity),
      resync: then('change', sales.resync),
    },
    work: {
      ...work,
      sweepSale: then('expiry', work.sweepSale),
      expireBucket: then('expiry', work.expireBucket),
      recoverSale: then('recovery', work.recoverSale),
      reconcileSale: then('change', work.reconcileSale),
    },
  };
}

function waitingLess(shortage: Shortage, agoMs: number): Shortage {
  return shortage.status === 'sold_out' ? shortage : { ...shortage, retryAfterMs: shortage.retryAfterMs - agoMs };
}

/** What random operations find of it, within 4,000. */
async function findingOf(planted: Planted, operations = 4000): Promise<string | undefined> {
  const [first, second] = real.engines;
  const engines: Real['engines'] = [
    { ...first, ...behind(first, planted) },
    { ...second, ...behind(second, planted) },
  ];
  const settings = { seed: 20261124, operations, runOperations: 120, shrinkMs: 0 };
  const { failure } = await simulate({ ...real, engines }, settings, () => undefined);
  return failure?.error.message;
}

test('a second memory in which nothing is planted agrees', async () => {
  assert.is(await findingOf({}, 1000), undefined);
});

const defects: Record<string, Planted> = {
  'a memory that outlasts a release': { deafTo: ['release'] },
  'a memory that outlasts an admin’s release': { deafTo: ['admin release'] },
  'a memory that outlasts an expiry': { deafTo: ['expiry'] },
  'a memory that outlasts a void': { deafTo: ['confirm', 'recovery'] },
  'a memory that outlasts an admin’s change': { deafTo: ['change'] },
  'a memory that lasts a millisecond too long': { forMs: timing.shortageMemoryMs + 1 },
  'a memory that answers whoever has a key': { isKeyedRefused: true },
  'a memory that does not tell quantities apart': {
    linesOf: (lines) => canonicalLines(lines).map((line) => ({ ...line, quantity: 1 })),
  },
  'a memory that says the same wait again': { repeat: (shortage) => shortage },
  'a memory that says a wait that is over': { repeat: (shortage, agoMs) => waitingLess(shortage, agoMs * 1e6) },
};

for (const [name, planted] of Object.entries(defects)) {
  test(`${name} is found`, async () => {
    assert.match(
      (await findingOf(planted)) ?? 'nothing was found',
      /the oracle says|any order of steps|order of the steps/,
    );
  });
}

import { closeRun, openRun } from './open-run.ts';
import type { Operation, SaleShape } from './operations.ts';
import type { Real, Run } from './run-state.ts';
import { isPossible, settle, step } from './step.ts';
import { createTally, type Tally } from './tally.ts';

/** How a run came out wrong, and what it did until then. */
export type Wrong = { error: Error; trace: string[]; shapes: SaleShape[]; done: Operation[] };

/**
 * Leaves out of a run that came out wrong whatever it also comes out wrong without: halves first, single operations last. fast-check
 * makes single operations smaller, and leaves scenarios whole.
 */
export async function reduce(real: Real, wrong: Wrong, isOver: () => boolean): Promise<Wrong> {
  let smallest = wrong;
  for (let size = Math.ceil(wrong.done.length / 2); size > 0; size = size > 1 ? Math.ceil(size / 2) : 0) {
    for (let at = 0; at < smallest.done.length && !isOver(); ) {
      const rest = smallest.done.filter((_, index) => index < at || index >= at + size);
      const found = await runOf(real, { shapes: wrong.shapes, tally: createTally() }, async (run) => {
        for (const it of rest) if (isPossible(run, it)) await step(run, real, it);
      });
      if (found && found.done.length < smallest.done.length) smallest = found;
      else at += size;
    }
  }
  return smallest;
}

/** One run on sales of its own, from its opening until all is at rest; null when nothing was wrong. */
export async function runOf(
  real: Real,
  { shapes, tally }: { shapes: SaleShape[]; tally: Tally },
  play: (run: Run) => Promise<void>,
): Promise<Wrong | null> {
  const run = await openRun(real, shapes, tally);
  try {
    await play(run);
    await settle(run, real);
    return null;
  } catch (error) {
    return { error: error as Error, trace: run.trace, shapes, done: run.done };
  } finally {
    await closeRun(real, run);
  }
}

import * as fc from 'fast-check';
import { operation } from './arbitraries.ts';
import { saleShape } from './arbitraries-calls.ts';
import { describe, type Operation } from './operations.ts';
import { reduce, runOf, type Wrong } from './reduce.ts';
import type { Real, Run } from './run-state.ts';
import { isPossible, step } from './step.ts';
import { createTally, type Tally } from './tally.ts';

export type Settings = {
  seed: number;
  /** How many operations to do in all. */
  operations: number;
  /** Operations of one run at most; runs are of any length up to it. */
  runOperations: number;
  /** Where a counterexample was found, to see it again at once. */
  path?: string | undefined;
  replayPath?: string | undefined;
  /** How long a counterexample may be made smaller. */
  shrinkMs: number;
  /** Aborted, it ends after the run under way. */
  signal?: AbortSignal;
};

export type Failure = {
  error: Error;
  trace: string[];
  operationsBefore: number;
  path: string;
  replayPath: string;
  shrinks: number;
};

type Result = { tally: Tally; failure: Failure | null };

/** One operation as fast-check's model runner takes it. */
function commandOf(it: Operation): fc.AsyncCommand<Run, Real> {
  return {
    check: (run) => isPossible(run, it),
    run: (run, real) => step(run, real, it),
    toString: () => describe(it),
  };
}

/** Runs seeded random operations until there were as many as wanted, or until one of them came out wrong. */
export async function simulate(real: Real, settings: Settings, onRun: (tally: Tally) => void): Promise<Result> {
  const { seed, operations, runOperations, path, replayPath } = settings;
  const tally = createTally();
  const found = { last: null as Wrong | null, operationsBefore: 0, shrinkUntilMs: 0 };
  const property = fc.asyncProperty(
    fc.tuple(saleShape, saleShape),
    fc.commands([operation.map(commandOf)], {
      maxCommands: runOperations,
      size: 'max',
      ...(replayPath && { replayPath }),
    }),
    async (shapes, commands) => {
      const isEnough = found.last ? performance.now() > found.shrinkUntilMs : tally.operations >= operations;
      if (isEnough || settings.signal?.aborted) return;
      const wrong = await runOf(real, { shapes, tally }, (run) =>
        fc.asyncModelRun(() => ({ model: run, real }), commands),
      );
      if (wrong) {
        if (!found.last) {
          found.operationsBefore = tally.operations;
          found.shrinkUntilMs = performance.now() + settings.shrinkMs;
        }
        found.last = wrong;
        throw wrong.error;
      }
      tally.runs += 1;
      onRun(tally);
    },
  );
  // Runs are half as long as they may be in the middle; those that are too many return at once.
  const numRuns = Math.ceil((4 * operations) / runOperations) + 10;
  const details = await fc.check(property, { seed, numRuns, ...(path !== undefined && { path }) });
  if (!details.failed || !found.last) return { tally, failure: null };
  const report = fc.defaultReportMessage(details) ?? '';
  const { error, trace } = await reduce(real, found.last, () => performance.now() > found.shrinkUntilMs);
  return {
    tally,
    failure: {
      error,
      trace,
      operationsBefore: found.operationsBefore,
      path: details.counterexamplePath ?? '',
      replayPath: /replayPath="([^"]*)"/.exec(report)?.[1] ?? '',
      shrinks: details.numShrinks,
    },
  };
}

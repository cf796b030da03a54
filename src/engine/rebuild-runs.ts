import type { Log } from '../log.ts';
import { createLine } from './lookup.ts';

/** Rebuilds under way in this process, of sales or of campaigns. */
export type RebuildRuns = {
  /** Rebuilds what Redis has lost and leaves the rest. Safe to repeat; calls for one id share one run. */
  run(id: string): Promise<void>;
  /** As `run`, in the background; a failure is logged, and the next caller or timer tries again. */
  start(id: string): void;
  /** Resolves when no rebuild is under way. */
  idle(): Promise<void>;
};

/** After a flush everything is lost at once: so many are rebuilt at a time, which leaves connections to confirms. */
const AT_ONCE = 3;
const WAITING_MAX = 100_000;

/** Makes the runs of one kind of rebuild. */
export function createRebuildRuns(log: Log, rebuild: (id: string) => Promise<void>): RebuildRuns {
  const running = new Map<string, Promise<void>>();
  const inTurn = createLine(AT_ONCE, WAITING_MAX);

  function run(id: string): Promise<void> {
    const existing = running.get(id);
    if (existing) return existing;
    const promise = inTurn(() => rebuild(id)).finally(() => running.delete(id));
    running.set(id, promise);
    return promise;
  }

  return {
    run,
    start(id) {
      if (running.has(id)) return;
      run(id).catch((error: unknown) => log.warn({ id, err: error }, 'a rebuild failed and will be tried again'));
    },
    async idle() {
      await Promise.allSettled(running.values());
    },
  };
}

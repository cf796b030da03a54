import { sleep } from './sleep.ts';

/** For each millisecond of work so much of a pause: the work takes at most three quarters of the time. */
const PAUSE_PER_WORK = 1 / 3;
/** A timer is a millisecond late, so short pauses are saved up. */
const PAUSE_MIN_MS = 2;

/**
 * Keeps work that is done in slices from taking all of a store: the returned function is called between two slices, and pauses
 * in proportion to how long they took. When the store is busy they take longer, and so do the pauses.
 */
export function createPace(): () => Promise<void> {
  let beganAt = performance.now();
  let owedMs = 0;
  return async () => {
    owedMs += (performance.now() - beganAt) * PAUSE_PER_WORK;
    if (owedMs >= PAUSE_MIN_MS) {
      await sleep(owedMs);
      owedMs = 0;
    }
    beganAt = performance.now();
  };
}

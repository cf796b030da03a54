import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';

/** Asks every 10 ms until the answer is neither undefined, null nor false, and returns it. Throws when the time is up. */
export async function until<T>(
  what: string,
  ask: () => Promise<T> | T,
  timeoutMs = 10_000,
): Promise<Exclude<T, undefined | null | false>> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== null && answer !== false) {
      return answer as Exclude<T, undefined | null | false>;
    }
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain: ${what}`);
    await sleep(10);
  }
}

/** Repeats what throws, as a client repeats a 503, and returns the first answer. Throws the last error when the time is up. */
export async function persistently<T>(work: () => Promise<T>, timeoutMs = 10_000): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await sleep(20);
    }
  }
}

/**
 * What `work` answers, or 'late' when that takes longer. The bound is a timer that begins after the time-outs of `work`, and leaves a
 * turn to those that are overdue with it: work that its own shorter time-outs end is not late because this process stood still.
 */
export function within<T>(boundMs: number, work: Promise<T>): Promise<T | 'late'> {
  const late = async () => {
    await nextTurn();
    await sleep(boundMs, undefined, { ref: false });
    return nextTurn('late' as const);
  };
  return Promise.race([work, late()]);
}

/** The error that `work` must end with; throws when it ends with none. */
export async function failureOf(work: () => Promise<unknown>): Promise<Error> {
  try {
    await work();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error('it did not fail');
}

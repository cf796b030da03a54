import { NoConnectionError } from './errors.ts';

/** Callers that wait for something to become free, first come first served, bounded in number and in time. */
export type WaitingLine<T> = {
  readonly size: number;
  /** Answers with what is given, or throws NoConnectionError: at once when the line is full, else in time. */
  join(): Promise<T>;
  /** Gives to who waits longest, if anybody does. */
  give(item: T): void;
  failAll(error: Error): void;
};

/** Makes an empty line. */
export function createWaitingLine<T>(options: { waitersMax: number; waitMs: number }): WaitingLine<T> {
  type Waiter = { resolve: (item: T) => void; reject: (error: Error) => void; timer: NodeJS.Timeout };
  const waiters = new Set<Waiter>();

  function leave(waiter: Waiter): void {
    clearTimeout(waiter.timer);
    waiters.delete(waiter);
  }

  return {
    get size() {
      return waiters.size;
    },
    join() {
      if (waiters.size >= options.waitersMax)
        return Promise.reject(new NoConnectionError(`${waiters.size} callers wait for MySQL already`));
      return new Promise<T>((resolve, reject) => {
        const over = (): void => {
          waiters.delete(waiter);
          reject(new NoConnectionError(`no connection to MySQL within ${options.waitMs} ms`));
        };
        const waiter: Waiter = { resolve, reject, timer: setTimeout(over, options.waitMs) };
        waiters.add(waiter);
      });
    },
    give(item) {
      const [waiter] = waiters;
      if (waiter === undefined) return;
      leave(waiter);
      waiter.resolve(item);
    },
    failAll(error) {
      for (const waiter of [...waiters]) {
        leave(waiter);
        waiter.reject(error);
      }
    },
  };
}

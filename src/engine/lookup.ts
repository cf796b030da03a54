import { LRUCache } from 'lru-cache';
import { UnavailableError } from '../domain/errors.ts';

/** Remembers what an id stands for in MySQL, for things whose remembered part never changes. */
export type Lookup<T> = {
  /** The thing, or null when there is none. Throws UnavailableError when MySQL is away or is asked too much already. */
  find(id: string): Promise<T | null>;
  /** Forgets the id, and that it was unknown. A read that is under way still answers who waits for it. */
  forget(id: string): void;
};

const KNOWN_MAX = 10_000;
const UNKNOWN_TTL_MS = 1000;

/** Ids that nobody has seen before cost a query each: so few at once, and so many in line, whoever makes them up. */
const AT_ONCE = 2;
const WAITING_MAX = 500;

/** Makes a lookup over `read`; reads of one id that are under way are shared, and unknown ids are remembered for a second. */
export function createLookup<T extends object>(read: (id: string) => Promise<T | null>): Lookup<T> {
  const known = new LRUCache<string, T>({ max: KNOWN_MAX });
  const unknown = new LRUCache<string, true>({ max: KNOWN_MAX, ttl: UNKNOWN_TTL_MS });
  const reading = new Map<string, Promise<T | null>>();
  const inTurn = createLine(AT_ONCE, WAITING_MAX);

  /** All who wait for a reading wait for the very same promise, so that they go on in the order in which they came. */
  function readOnce(id: string): Promise<T | null> {
    const promise: Promise<T | null> = inTurn(() => read(id))
      .then((found) => {
        // Forgotten meanwhile: what was read may be old, so it is not kept.
        if (reading.get(id) !== promise) return found;
        if (found) known.set(id, found);
        else unknown.set(id, true);
        return found;
      })
      .finally(() => {
        if (reading.get(id) === promise) reading.delete(id);
      });
    reading.set(id, promise);
    return promise;
  }

  return {
    async find(id) {
      const found = known.get(id);
      if (found) return found;
      return unknown.has(id) ? null : (reading.get(id) ?? readOnce(id));
    },
    forget(id) {
      known.delete(id);
      unknown.delete(id);
      reading.delete(id);
    },
  };
}

/** Runs work in turn, `atOnce` at a time; with `waitingMax` in line already the next one is refused. */
export function createLine(atOnce: number, waitingMax: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let free = atOnce;
  return async (work) => {
    if (free > 0) free -= 1;
    else {
      if (waiting.length >= waitingMax) throw new UnavailableError('too much is waiting in line');
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
    try {
      return await work();
    } finally {
      // Handed over without becoming free in between, so that nobody jumps the line.
      const next = waiting.shift();
      if (next) next();
      else free += 1;
    }
  };
}

/** A map of what comes and soon goes again, such as calls under way. */
export type PassingMap<T> = {
  get(key: string): T | undefined;
  set(key: string, value: T): void;
  delete(key: string): void;
};

const GONE_MIN = 64;

/**
 * A Map that is replaced before long by a new one with what is left. One that lives on makes itself a new table ever so often,
 * and each table that it leaves points to the next one (V8, for the sake of iterators): once the garbage collector has moved one
 * of them to the old generation, it takes all that follow for alive, with everything that was in them. So what lived for
 * milliseconds would wait for a collection of the whole heap.
 */
export function createPassingMap<T>(): PassingMap<T> {
  let map = new Map<string, T>();
  let gone = 0;
  return {
    get: (key) => map.get(key),
    set: (key, value) => void map.set(key, value),
    delete(key) {
      map.delete(key);
      gone += 1;
      if (gone < GONE_MIN + map.size) return;
      map = new Map(map);
      gone = 0;
    },
  };
}

/** So many at most: it bounds what the first of a group waits for the others, some milliseconds. */
const TOGETHER_MAX = 128;

/** Starts what was handed in at the end of this turn of the event loop, in the order in which it came. */
export type Gather = (start: () => void) => void;

/**
 * Lets the requests that one turn of the event loop brings go through the server side by side. Reading a request, judging it and
 * writing its answer each find the caches cold when they come after one another, and a write that is followed by nothing
 * wakes the client up for a single answer. In a group all are read, then all are judged, then all are answered, which costs half
 * as much a request. A request that comes alone waits for nothing: its turn ends with it. `start` must not throw.
 */
export function createGather(togetherMax: number = TOGETHER_MAX): Gather {
  let group: (() => void)[] = [];

  function startAll(): void {
    const starting = group;
    group = [];
    for (const start of starting) start();
  }

  return (start) => {
    group.push(start);
    if (group.length >= togetherMax) startAll();
    else if (group.length === 1) setImmediate(startAll);
  };
}

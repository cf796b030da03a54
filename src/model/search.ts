/** One thing that may happen next. `apply` changes the state that it is given; false: it cannot happen now, nothing changed. */
export type Move<State> = { label: string; apply: (state: State) => boolean };

/** A system to be searched: states are plain data with keys in a fixed order, so that equal states have equal JSON. */
export type System<State> = {
  initial: State;
  moves: (state: State) => Move<State>[];
  /** Names a promise that does not hold here, or null. `copy` makes further copies of the state to try things out on. */
  broken: (state: State, copy: () => State) => string | null;
};

export type Found = { promise: string; schedule: string[] };

export type Searched = { states: number; ms: number; found: Found | null; complete: boolean };

type Visited = { parents: number[]; labels: string[]; keys: string[]; seen: Set<string> };

/**
 * Visits every state that any order of moves can reach, breadth first, so that the first broken promise comes with a shortest
 * schedule. The states themselves are compared, not hashes of them: nothing is missed by a collision.
 */
export function search<State>(system: System<State>, statesMax: number): Searched {
  const startedAt = performance.now();
  const visited: Visited = { parents: [], labels: [], keys: [], seen: new Set() };
  visit(visited, JSON.stringify(system.initial), -1, '');
  let found: Found | null = null;
  let at = 0;
  for (; at < visited.keys.length && at < statesMax && !found; at++) {
    const key = visited.keys[at] as string;
    // What has been expanded is remembered by the set alone.
    visited.keys[at] = '';
    const state = JSON.parse(key) as State;
    const copy = () => cloned(state) as State;
    const promise = system.broken(state, copy);
    if (promise === null) expand(system, visited, at, state, copy);
    else found = { promise, schedule: scheduleOf(visited, at) };
  }
  const complete = at === visited.keys.length;
  return { states: at, ms: performance.now() - startedAt, found, complete };
}

function expand<State>(system: System<State>, visited: Visited, at: number, state: State, copy: () => State): void {
  let next = copy();
  for (const move of system.moves(state)) {
    if (!move.apply(next)) continue;
    visit(visited, JSON.stringify(next), at, move.label);
    next = copy();
  }
}

/** A deep copy of plain data, which makes it several times as fast as structuredClone. */
function cloned(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(cloned);
  const copy: Record<string, unknown> = {};
  for (const key in value) copy[key] = cloned((value as Record<string, unknown>)[key]);
  return copy;
}

function visit({ parents, labels, keys, seen }: Visited, key: string, parent: number, label: string): void {
  if (seen.has(key)) return;
  seen.add(key);
  keys.push(key);
  parents.push(parent);
  labels.push(label);
}

function scheduleOf({ parents, labels }: Visited, from: number): string[] {
  const schedule: string[] = [];
  for (let at = from; at > 0; at = parents[at] as number) schedule.unshift(labels[at] as string);
  return schedule;
}

/** Runs works one after the other, in the order in which they were asked for. */
export type Turns = {
  run<T>(work: () => Promise<T>): Promise<T>;
  /** As `run`, unless the same work is waiting for its turn already: what waits will see whatever has happened until now. */
  runOnce(name: string, work: () => Promise<unknown>): Promise<void>;
  /** Resolves after what was asked for until now. */
  idle(): Promise<void>;
};

/** Rows by name, each of one work: works of different names do not wait for each other. */
export type NamedTurns<T> = {
  /** What is asked for while the same waits for its turn already is answered by that: it will see whatever has happened until now. */
  run(name: string, work: () => Promise<T>): Promise<T>;
  isBusy(name: string): boolean;
};

/** Makes rows that are there only while somebody waits or works in them. */
export function createNamedTurns<T>(): NamedTurns<T> {
  const rows = new Map<string, { turns: Turns; asked: number; waiting: Promise<T> | null }>();
  return {
    async run(name, work) {
      const row = rows.get(name) ?? { turns: createTurns(), asked: 0, waiting: null };
      rows.set(name, row);
      row.asked += 1;
      row.waiting ??= row.turns.run(() => {
        row.waiting = null;
        return work();
      });
      try {
        return await row.waiting;
      } finally {
        row.asked -= 1;
        if (row.asked === 0) rows.delete(name);
      }
    },
    isBusy: (name) => rows.has(name),
  };
}

/** Makes a row of its own. A work that fails does not keep the next one waiting. */
export function createTurns(): Turns {
  const waiting = new Set<string>();
  let last: Promise<unknown> = Promise.resolve();

  function run<T>(work: () => Promise<T>): Promise<T> {
    const turn = last.then(work);
    last = turn.catch(() => undefined);
    return turn;
  }

  return {
    run,
    async runOnce(name, work) {
      if (waiting.has(name)) return;
      waiting.add(name);
      await run(() => {
        waiting.delete(name);
        return work();
      });
    },
    idle: async () => {
      await last;
    },
  };
}

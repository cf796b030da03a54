import type { NoReply } from './connection.ts';
import { outcomeOf } from './judge.ts';
import type { Reply } from './reply.ts';

export type Counts = Record<string, number>;

/** How many requests of which kind were answered how. */
export type Tally = {
  add(shot: { operation: string; mutation: string; reply: Reply | NoReply }): void;
  /** Answers by operation, such as `{ getSales: { '404 not_found': 3 } }`. */
  operations(): Record<string, Counts>;
  mutations(): Counts;
};

export function createTally(): Tally {
  const operations = new Map<string, Map<string, number>>();
  const mutations = new Map<string, number>();
  const count = (counts: Map<string, number>, name: string) => counts.set(name, (counts.get(name) ?? 0) + 1);
  const sorted = (counts: Map<string, number>) => Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
  return {
    add({ operation, mutation, reply }) {
      const outcomes = operations.get(operation) ?? new Map<string, number>();
      operations.set(operation, outcomes);
      count(outcomes, 'lost' in reply ? reply.lost : outcomeOf(reply));
      count(mutations, mutation);
    },
    operations: () => Object.fromEntries([...operations].map(([name, counts]) => [name, sorted(counts)])),
    mutations: () => sorted(mutations),
  };
}

import { buyerOf, linesOf, must, type Outcome, type State, unitsOf, type World } from './state.ts';

// Each function here is one transaction that commits, or one read: it takes effect at one moment.

/** src/mysql/order-transaction.ts with the words of order-batch.ts: decides about a hold, unless that was done before. */
export function commitOrder(state: State, world: World, draft: { hold: string; order: string; epoch: number }) {
  const { mysql } = state;
  const { rules } = world;
  const known = mysql.outcomes[draft.hold];
  if (known && rules.oneOutcome) {
    if (known.word === 'void') return 'void';
    return known.by === draft.order ? 'sold' : 'already_sold';
  }
  if (rules.fence && mysql.epoch !== draft.epoch) return 'fenced';
  const lines = Object.entries(linesOf(world, draft.hold));
  const fits = lines.every(
    ([type, quantity]) => must(mysql.types, type).sold + quantity <= must(mysql.types, type).capacity,
  );
  if (!fits && rules.guard) return 'refused';
  mysql.outcomes[draft.hold] = { word: 'sold', by: draft.order };
  must(mysql.orders, draft.hold).push(draft.order);
  for (const [type, quantity] of lines) must(mysql.types, type).sold += quantity;
  return 'sold';
}

/** src/mysql/outcomes.ts, insertVoid: the outcome of the hold afterwards. */
export function insertVoid(state: State, id: string, by: 'guard' | 'recovery' | 'confirm' | 'release'): Outcome {
  const outcome = state.mysql.outcomes[id] ?? { word: 'void', by };
  state.mysql.outcomes[id] = outcome;
  return outcome;
}

/** What a rebuild has read of MySQL. */
export type Past = {
  epoch: number;
  version: number;
  paused: boolean;
  types: Record<string, { capacity: number; sold: number }>;
  words: Record<string, '' | 'sold' | 'void'>;
  bought: Record<string, number>;
};

/** src/engine/rebuild-past.ts, what is read after the bump. */
export function readPast(state: State, world: World): Past {
  const { epoch, version, paused, types, outcomes, orders } = state.mysql;
  const bought: Record<string, number> = {};
  for (const id of Object.keys(world.holds)) {
    const buyer = buyerOf(world, id);
    bought[buyer] = (bought[buyer] ?? 0) + must(orders, id).length * unitsOf(world, id);
  }
  const words = Object.fromEntries(Object.entries(outcomes).map(([id, outcome]) => [id, outcome?.word ?? '']));
  return { epoch, version, paused, types: structuredClone(types), words: words as Past['words'], bought };
}

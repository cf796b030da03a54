import { UnavailableError } from '../domain/errors.ts';

export type CoalesceOptions<Item, Reply> = {
  /** Runs one batch; replies stand in the order of the items. A throw is unknown for each of them. */
  run: (key: string, items: Item[]) => Promise<Reply[]>;
  /** How much work an item is, for the bound below. */
  weigh: (item: Item) => number;
  /** Work bound of one batch, so that a script stays under about a millisecond. */
  weightMax: number;
};

/** A call that shares its turn's batch with others; throws UnavailableError, safe to retry where the items are idempotent. */
export type Coalesced<Item, Reply> = {
  (key: string, item: Item): Promise<Reply>;
  /** Done when the calls of this turn are on their way: for all who ask at the same time, so that they go on side by side. */
  sent(): Promise<void>;
};

type Waiting<Item, Reply> = {
  item: Item;
  weight: number;
  resolve: (reply: Reply) => void;
  reject: (error: unknown) => void;
};

/**
 * Collects the calls that are made for one key in the same turn of the event loop and runs them as one batch; each caller
 * gets its own reply. An idle caller waits for nothing but the end of its own turn. A batch that was not answered is
 * repeated once with the same items, which must therefore be idempotent; after that each caller gets UnavailableError.
 */
export function coalesce<Item, Reply>(options: CoalesceOptions<Item, Reply>): Coalesced<Item, Reply> {
  let turn = newTurn<Item, Reply>();

  function flush(): void {
    const { lanes, tellSent } = turn;
    turn = newTurn();
    for (const [key, lane] of lanes) {
      for (const batch of cut(lane, options.weightMax)) void settle(key, batch, options.run);
    }
    for (const tell of tellSent) tell();
  }

  const call = (key: string, item: Item) =>
    new Promise<Reply>((resolve, reject) => {
      const { lanes } = turn;
      if (lanes.size === 0) setImmediate(flush);
      const lane = lanes.get(key);
      const waiting = { item, weight: options.weigh(item), resolve, reject };
      if (lane) lane.push(waiting);
      else lanes.set(key, [waiting]);
    });
  const sent = () =>
    new Promise<void>((resolve) => {
      if (turn.lanes.size === 0) resolve();
      else turn.tellSent.push(resolve);
    });
  return Object.assign(call, { sent });
}

/** With a Map of its own: one that is cleared would point from the old batches to the new ones, see engine/passing-map. */
function newTurn<Item, Reply>() {
  return { lanes: new Map<string, Waiting<Item, Reply>[]>(), tellSent: [] as (() => void)[] };
}

function cut<Item, Reply>(lane: Waiting<Item, Reply>[], weightMax: number): Waiting<Item, Reply>[][] {
  const batches: Waiting<Item, Reply>[][] = [];
  let batch: Waiting<Item, Reply>[] = [];
  let weight = 0;
  for (const waiting of lane) {
    if (batch.length > 0 && weight + waiting.weight > weightMax) {
      batches.push(batch);
      batch = [];
      weight = 0;
    }
    batch.push(waiting);
    weight += waiting.weight;
  }
  batches.push(batch);
  return batches;
}

async function settle<Item, Reply>(
  key: string,
  batch: Waiting<Item, Reply>[],
  run: CoalesceOptions<Item, Reply>['run'],
): Promise<void> {
  const items = batch.map((waiting) => waiting.item);
  try {
    const replies = await run(key, items).catch((error: unknown) => {
      if (error instanceof UnavailableError && error.cause !== undefined) return run(key, items);
      throw error;
    });
    batch.forEach((waiting, index) => {
      waiting.resolve(replies[index] as Reply);
    });
  } catch (error) {
    for (const waiting of batch) waiting.reject(error);
  }
}

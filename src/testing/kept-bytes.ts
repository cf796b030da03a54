import { collectGarbage } from './collect-garbage.ts';

/**
 * The most bytes that were there after any of a hundred times of `turn`, the young generation having been collected each time:
 * what is over with a turn, but was moved to the old generation, where only a collection of the whole heap finds it.
 */
export async function keptBytes(turn: () => Promise<void>): Promise<number> {
  const turnAndCollect = async () => {
    await turn();
    collectGarbage('young');
    return process.memoryUsage().heapUsed;
  };
  for (let warmUp = 0; warmUp < 20; warmUp += 1) await turnAndCollect();
  collectGarbage('all');
  const before = process.memoryUsage().heapUsed;
  let most = 0;
  for (let n = 0; n < 100; n += 1) most = Math.max(most, (await turnAndCollect()) - before);
  return most;
}

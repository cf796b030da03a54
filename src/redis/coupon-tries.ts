import type { Redis } from './connection.ts';
import { campaignKeys } from './coupon-keys.ts';
import { command, pipelined } from './script.ts';

/** How often MySQL refused an entry for its data, and when it may be tried again (Unix ms). */
export type Tries = { tries: number; notBeforeMs: number };

/** Far longer than all tries of an entry take; it only ends what an entry acknowledged elsewhere has left behind. */
const TRIES_SECONDS = 7 * 86_400;

/** Reads the tries of entries; one that was never refused is missing from the map. */
export async function readTries(redis: Redis, campaignId: string, entryIds: string[]): Promise<Map<string, Tries>> {
  const { tries } = campaignKeys(redis.keyPrefix, campaignId);
  const packed = await command(redis, (client) => client.hmget(tries, ...entryIds));
  return new Map(
    entryIds.flatMap((entryId, index) => {
      const [count, notBeforeMs] = packed[index]?.split(',').map(Number) ?? [];
      return count === undefined || notBeforeMs === undefined
        ? []
        : [[entryId, { tries: count, notBeforeMs }] as const];
    }),
  );
}

/** Keeps the tries of an entry in Redis, so that no restart makes them start again. */
export async function writeTries(redis: Redis, campaignId: string, entryId: string, state: Tries): Promise<void> {
  const { tries } = campaignKeys(redis.keyPrefix, campaignId);
  await pipelined(redis, (pipeline) =>
    pipeline.hset(tries, entryId, `${state.tries},${state.notBeforeMs}`).expire(tries, TRIES_SECONDS),
  );
}

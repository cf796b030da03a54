import type { Redis } from './connection.ts';
import { type HoldRecord, unpackHold } from './hold-record.ts';
import { saleKeys } from './keys.ts';
import { command, pipelined } from './script.ts';

/** Finds a hold among the given sales; null when none remembers it. One round trip. */
export async function findHold(redis: Redis, saleIds: string[], holdId: string): Promise<HoldRecord | null> {
  if (saleIds.length === 0) return null;
  const replies = await pipelined(redis, (pipeline) => {
    for (const saleId of saleIds) pipeline.hget(holdsKey(redis, saleId), holdId);
  });
  const at = replies.findIndex((packed) => typeof packed === 'string');
  return at < 0 ? null : unpackHold(saleIds[at] as string, holdId, replies[at] as string);
}

/** The live holds of a buyer in the given sales, oldest first. Two round trips. */
export async function holdsOfBuyer(redis: Redis, saleIds: string[], buyerId: string): Promise<HoldRecord[]> {
  if (saleIds.length === 0) return [];
  const replies = await pipelined(redis, (pipeline) => {
    for (const saleId of saleIds) pipeline.hget(saleKeys(redis.keyPrefix, saleId)[4] as string, buyerId);
  });
  const found = saleIds.flatMap((saleId, index) => {
    const packed = replies[index];
    return typeof packed === 'string'
      ? packed
          .split(',')
          .slice(2)
          .map((holdId) => ({ saleId, holdId }))
      : [];
  });
  if (found.length === 0) return [];
  const holds = await pipelined(redis, (pipeline) => {
    for (const { saleId, holdId } of found) pipeline.hget(holdsKey(redis, saleId), holdId);
  });
  return found.flatMap(({ saleId, holdId }, index) => {
    const packed = holds[index];
    return typeof packed === 'string' ? [unpackHold(saleId, holdId, packed)] : [];
  });
}

/** One page of a sale's remembered holds in no order; `cursor` '0' starts, and a returned '0' ends. */
export async function scanHolds(
  redis: Redis,
  saleId: string,
  cursor: string,
  count: number,
): Promise<{ cursor: string; holds: HoldRecord[] }> {
  const [next, flat] = await command(redis, (client) => client.hscan(holdsKey(redis, saleId), cursor, 'COUNT', count));
  const holds: HoldRecord[] = [];
  for (let at = 0; at < flat.length; at += 2) {
    const holdId = flat[at] as string;
    if (holdId !== '#') holds.push(unpackHold(saleId, holdId, flat[at + 1] as string));
  }
  return { cursor: next, holds };
}

/** The ids of the CONFIRMING holds, and nothing else. */
export async function confirmingIds(redis: Redis, saleId: string): Promise<string[]> {
  const leases = saleKeys(redis.keyPrefix, saleId)[3] as string;
  return command(redis, (client) => client.zrangebyscore(leases, 0, '+inf'));
}

/** How many holds are live, HELD and CONFIRMING together. */
export async function countLiveHolds(redis: Redis, saleId: string): Promise<number> {
  const [, , due, leases] = saleKeys(redis.keyPrefix, saleId) as [string, string, string, string];
  const [held, confirming] = await pipelined(redis, (pipeline) => {
    pipeline.zcount(due, 0, '+inf').zcount(leases, 0, '+inf');
  });
  return Number(held) + Number(confirming);
}

function holdsKey(redis: Redis, saleId: string): string {
  return saleKeys(redis.keyPrefix, saleId)[1] as string;
}

import { SaleLostError } from '../domain/errors.ts';
import type { Redis } from './connection.ts';
import { type HoldRecord, unpackHold } from './hold-record.ts';
import { saleKeys } from './keys.ts';
import { command, pipelined } from './script.ts';

const PAGE = 500;

/** Finds a hold among the given sales; null when none remembers it. One round trip. Throws SaleLostError. */
export async function findHold(redis: Redis, saleIds: string[], holdId: string): Promise<HoldRecord | null> {
  const packed = await readOfEach(redis, saleIds, 'holds', holdId);
  const at = packed.findIndex((found) => found !== null);
  return at < 0 ? null : unpackHold(saleIds[at] as string, holdId, packed[at] as string);
}

/** One entry of a hash of each sale. A sale that is lost must not read as one that knows nothing: throws SaleLostError. */
async function readOfEach(
  redis: Redis,
  saleIds: string[],
  hash: 'holds' | 'buyers',
  field: string,
): Promise<(string | null)[]> {
  if (saleIds.length === 0) return [];
  const { runId } = redis.session();
  const sentinel = hash === 'holds' ? '#' : '';
  const replies = await pipelined(redis, (pipeline) => {
    for (const saleId of saleIds) {
      const [sale, holds, , , buyers] = saleKeys(redis.keyPrefix, saleId);
      pipeline.hmget(sale, 'epoch', 'run').hmget(hash === 'holds' ? holds : buyers, sentinel, field);
    }
  });
  return saleIds.map((saleId, index) => {
    const [epoch, run] = replies[2 * index] as (string | null)[];
    const [known, found] = replies[2 * index + 1] as (string | null)[];
    if (epoch === null || run !== runId || known !== epoch) throw new SaleLostError(saleId);
    return found ?? null;
  });
}

/** The live holds of a buyer in the given sales, oldest first. Two round trips. Throws SaleLostError. */
export async function holdsOfBuyer(redis: Redis, saleIds: string[], buyerId: string): Promise<HoldRecord[]> {
  const packedBuyers = await readOfEach(redis, saleIds, 'buyers', buyerId);
  const found = saleIds.flatMap((saleId, index) => {
    const packed = packedBuyers[index] ?? null;
    return packed !== null
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

/** These holds by id; one without a record is missing from the map. In pages, so that no command is long. */
export async function readHolds(
  redis: Redis,
  saleId: string,
  holdIds: readonly string[],
): Promise<Map<string, HoldRecord>> {
  const found = new Map<string, HoldRecord>();
  for (let at = 0; at < holdIds.length; at += PAGE) {
    const ids = holdIds.slice(at, at + PAGE);
    const packed = await command(redis, (client) => client.hmget(holdsKey(redis, saleId), ...ids));
    for (const [index, holdId] of ids.entries()) {
      const record = packed[index];
      if (typeof record === 'string') found.set(holdId, unpackHold(saleId, holdId, record));
    }
  }
  return found;
}

/** Which of these holds are in an index of live holds: HELD in due, CONFIRMING in leases with the end of the lease. */
export async function indexesOf(
  redis: Redis,
  saleId: string,
  holdIds: readonly string[],
): Promise<Map<string, { isDue: boolean; leaseMs: number | null }>> {
  if (holdIds.length === 0) return new Map();
  const [, , due, leases] = saleKeys(redis.keyPrefix, saleId);
  const replies = await pipelined(redis, (pipeline) => {
    pipeline.zmscore(due, ...holdIds).zmscore(leases, ...holdIds);
  });
  const [deadlines, ends] = replies as [(string | null)[], (string | null)[]];
  return new Map(
    holdIds.map((holdId, index) => {
      const end = ends[index] ?? null;
      return [holdId, { isDue: deadlines[index] !== null, leaseMs: end === null ? null : Number(end) }];
    }),
  );
}

/** Whose live holds these are, by hold: for holds without a record. Walks over all buyers until each is found or time is up. */
export async function ownersOf(
  redis: Redis,
  saleId: string,
  { holdIds, budgetMs }: { holdIds: readonly string[]; budgetMs: number },
): Promise<Map<string, string>> {
  const until = performance.now() + budgetMs;
  const buyers = saleKeys(redis.keyPrefix, saleId)[4];
  const owners = new Map<string, string>();
  let cursor = '0';
  do {
    const [next, flat] = await command(redis, (client) => client.hscan(buyers, cursor, 'COUNT', PAGE));
    cursor = next;
    for (let at = 0; at < flat.length; at += 2) {
      const ids = (flat[at + 1] as string).split(',').slice(2);
      for (const holdId of holdIds) if (ids.includes(holdId)) owners.set(holdId, flat[at] as string);
    }
  } while (cursor !== '0' && owners.size < holdIds.length && performance.now() < until);
  return owners;
}

/** The ids of the CONFIRMING holds, and nothing else. */
export async function confirmingIds(redis: Redis, saleId: string): Promise<string[]> {
  const leases = saleKeys(redis.keyPrefix, saleId)[3];
  return command(redis, (client) => client.zrangebyscore(leases, 0, '+inf'));
}

/** How many holds are live, HELD and CONFIRMING together. */
export async function countLiveHolds(redis: Redis, saleId: string): Promise<number> {
  const [, , due, leases] = saleKeys(redis.keyPrefix, saleId);
  const [held, confirming] = await pipelined(redis, (pipeline) => {
    pipeline.zcount(due, 0, '+inf').zcount(leases, 0, '+inf');
  });
  return Number(held) + Number(confirming);
}

function holdsKey(redis: Redis, saleId: string): string {
  return saleKeys(redis.keyPrefix, saleId)[1];
}

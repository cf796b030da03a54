import type { TicketTypeStock } from '../domain/sale.ts';
import type { Redis } from './connection.ts';
import { saleKeys } from './keys.ts';
import { isIntact, stockOf } from './read-sale.ts';
import { atOneMoment } from './script.ts';

/** A sale and its live holds at one and the same moment. `intact` is false when any script would call it lost. */
export type LiveSale = {
  intact: boolean;
  epoch: number;
  version: number;
  finishes: number;
  nowMs: number;
  stock: TicketTypeStock[];
  /** HELD holds; at most `holdsMax` and one more, which says that there are others. */
  heldIds: string[];
  /** CONFIRMING holds with the end of their lease; bounded likewise. */
  leases: Map<string, number>;
};

type Replies = [Record<string, string>, unknown, unknown, unknown, unknown, [string, string], string[], string[]];

/** Reads counts and the ids of live holds by one MULTI, so that they belong together; null when the sale is missing. */
export async function readLiveSale(redis: Redis, saleId: string, holdsMax: number): Promise<LiveSale | null> {
  const { runId } = redis.session();
  const [sale, holds, due, leases, buyers] = saleKeys(redis.keyPrefix, saleId);
  const replies = await atOneMoment(redis, (multi) => {
    multi.hgetall(sale).hget(holds, '#').zscore(due, '#').zscore(leases, '#').hget(buyers, '').time();
    multi.zrangebyscore(due, 0, '+inf', 'LIMIT', 0, holdsMax + 1);
    multi.zrangebyscore(leases, 0, '+inf', 'WITHSCORES', 'LIMIT', 0, holdsMax + 1);
  });
  const [fields, inHolds, inDue, inLeases, inBuyers, time, heldIds, confirming] = replies as Replies;
  if (fields.epoch === undefined) return null;
  return {
    intact: isIntact(fields, [inHolds, inDue, inLeases, inBuyers], runId),
    epoch: Number(fields.epoch),
    version: Number(fields.version),
    finishes: Number(fields.finishes),
    nowMs: redis.clock() || Number(time[0]) * 1000 + Math.floor(Number(time[1]) / 1000),
    stock: stockOf(fields),
    heldIds,
    leases: new Map(
      Array.from({ length: confirming.length / 2 }, (_, at) => [
        confirming[2 * at] as string,
        Number(confirming[2 * at + 1]),
      ]),
    ),
  };
}

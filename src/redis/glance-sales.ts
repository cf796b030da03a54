import type { TicketTypeStock } from '../domain/sale.ts';
import type { Redis } from './connection.ts';
import { auditedKey, saleKeys } from './keys.ts';
import { stockOf } from './read-sale.ts';
import { pipelined } from './script.ts';

/** Counts of a sale and how many holds are live. Neither checked for loss nor of one moment: to acquit by, never to accuse. */
export type Glance = { epoch: number; version: number; stock: TicketTypeStock[]; live: number };

/** Many sales in one round trip; one that is missing is missing from the map. */
export async function glanceSales(redis: Redis, saleIds: readonly string[]): Promise<Map<string, Glance>> {
  if (saleIds.length === 0) return new Map();
  const replies = await pipelined(redis, (pipeline) => {
    for (const saleId of saleIds) {
      const [sale, , due, leases] = saleKeys(redis.keyPrefix, saleId);
      pipeline.hgetall(sale).zcard(due).zcard(leases);
    }
  });
  const glances = saleIds.flatMap((saleId, index) => {
    const [fields, due, leases] = replies.slice(3 * index) as [Record<string, string>, number, number];
    if (fields.epoch === undefined) return [];
    // Both indexes carry one sentinel that is no hold.
    const live = due + leases - 2;
    return [[saleId, { epoch: Number(fields.epoch), version: Number(fields.version), stock: stockOf(fields), live }]];
  }) as [string, Glance][];
  return new Map(glances);
}

/**
 * Asks for the audits of these sales for `forMs` and returns those that nobody else has. Only a courtesy: two audits at once
 * cost twice and do no harm.
 */
export async function claimAudits(redis: Redis, saleIds: readonly string[], forMs: number): Promise<string[]> {
  if (saleIds.length === 0) return [];
  const replies = await pipelined(redis, (pipeline) => {
    for (const saleId of saleIds) pipeline.set(auditedKey(redis.keyPrefix, saleId), '1', 'PX', forMs, 'NX');
  });
  return saleIds.filter((_, index) => replies[index] === 'OK');
}

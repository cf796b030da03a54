import type { TicketTypeStock } from '../domain/sale.ts';
import type { Redis } from './connection.ts';
import { saleKey, saleKeys } from './keys.ts';
import { command, pipelined } from './script.ts';

/** What Redis says of a sale at one moment. `intact` is false when any script would call it lost. */
export type SaleInRedis = {
  intact: boolean;
  epoch: number;
  version: number;
  /** Entries that its decision log keeps. */
  decisionsMax: number;
  stock: TicketTypeStock[];
};

/** Reads the sale's hash; null when it is missing. */
export async function readSale(redis: Redis, saleId: string): Promise<SaleInRedis | null> {
  const { runId } = redis.session();
  const [sale, holds, due, leases, buyers] = saleKeys(redis.keyPrefix, saleId);
  const replies = await pipelined(redis, (pipeline) => {
    pipeline.hgetall(sale).hget(holds, '#').zscore(due, '#').zscore(leases, '#').hget(buyers, '');
  });
  const [fields, ...sentinels] = replies as [Record<string, string>, ...unknown[]];
  if (fields?.epoch === undefined) return null;
  return {
    intact: isIntact(fields, sentinels, runId),
    epoch: Number(fields.epoch),
    version: Number(fields.version),
    decisionsMax: Number(fields.decisionsMax ?? 0),
    stock: stockOf(fields),
  };
}

/** As the scripts see it (lua/include/intact.lua): one run and one epoch in the sale and in holds, due, leases and buyers. */
export function isIntact(fields: Record<string, string>, sentinels: unknown[], runId: string): boolean {
  const epoch = Number(fields.epoch);
  const [inHolds, inDue, inLeases, inBuyers] = sentinels.map(Number);
  const isOneEpoch = inHolds === epoch && inBuyers === epoch && inDue === -epoch && inLeases === -epoch;
  return fields.run === runId && isOneEpoch;
}

/** Stock of many sales in one round trip; a sale that is missing has none. Not checked for loss: for display only. */
export async function readStocks(redis: Redis, saleIds: string[]): Promise<Map<string, TicketTypeStock[]>> {
  if (saleIds.length === 0) return new Map();
  const replies = await pipelined(redis, (pipeline) => {
    for (const saleId of saleIds) pipeline.hgetall(saleKey(redis.keyPrefix, saleId));
  });
  return new Map(saleIds.map((saleId, index) => [saleId, stockOf(replies[index] as Record<string, string>)]));
}

/** Redis's own time, the one clock. */
export async function readClock(redis: Redis): Promise<number> {
  if (redis.clock() !== 0) return redis.clock();
  const [seconds, micros] = await command(redis, (client) => client.time());
  return Number(seconds) * 1000 + Math.floor(Number(micros) / 1000);
}

/** The counts in the fields of a sale. */
export function stockOf(fields: Record<string, string>): TicketTypeStock[] {
  return Object.keys(fields)
    .filter((field) => field.startsWith('capacity:'))
    .map((field) => {
      const ticketTypeId = field.slice('capacity:'.length);
      return {
        ticketTypeId,
        capacity: Number(fields[field]),
        available: Number(fields[`available:${ticketTypeId}`]),
        held: Number(fields[`held:${ticketTypeId}`]),
        sold: Number(fields[`sold:${ticketTypeId}`]),
      };
    });
}

import type { Sale } from '../domain/sale.ts';
import { saleSettings } from './apply-sale.ts';
import type { Redis } from './connection.ts';
import { type HoldRecord, packHold } from './hold-record.ts';
import { rebuildingKey, type SaleKeys, stagedKeys } from './keys.ts';
import { command, pipelined } from './script.ts';

/** A staging that nobody installs, because its rebuilder died, is gone after so long. */
const STAGED_SECONDS = 600;

export type Stage = { keys: SaleKeys; runId: string; epoch: number };

/** What a buyer holds and has bought, as a rebuild counts it. */
export type BuyerCount = { buyerId: string; held: number; bought: number; holdIds: string[] };

/** Begins a staging with the sentinels that make every key exist. */
export async function openStage(
  redis: Redis,
  input: { saleId: string; epoch: number; attempt: string },
): Promise<Stage> {
  const { runId } = redis.session();
  const keys = stagedKeys(redis.keyPrefix, input.saleId, input.epoch, input.attempt);
  const [sale, holds, due, leases, buyers] = keys;
  await pipelined(redis, (pipeline) => {
    pipeline.hset(sale, 'epoch', input.epoch, 'run', runId, 'finishes', 0);
    pipeline.hset(holds, '#', input.epoch);
    pipeline.zadd(due, -input.epoch, '#');
    pipeline.zadd(leases, -input.epoch, '#');
    pipeline.hset(buyers, '', input.epoch);
    for (const key of [sale, holds, due, leases, buyers]) pipeline.expire(key, STAGED_SECONDS);
  });
  return { keys, runId, epoch: input.epoch };
}

/** Adds one chunk of holds: held ones to the expiry index, ended ones to be forgotten at `forgetAtMs`, sold ones kept. */
export async function stageHolds(
  redis: Redis,
  stage: Stage,
  holds: (HoldRecord & { forgetAtMs?: number })[],
): Promise<void> {
  if (holds.length === 0) return;
  const [, holdsKey, due, , , ended] = stage.keys;
  const packed = holds.flatMap((hold) => [hold.holdId, packHold(hold)]);
  const live = holds.filter((hold) => hold.status === 'held').flatMap((hold) => [hold.deadlineMs, hold.holdId]);
  const forgettable = holds.flatMap((hold) => (hold.forgetAtMs === undefined ? [] : [hold.forgetAtMs, hold.holdId]));
  await pipelined(redis, (pipeline) => {
    pipeline.hset(holdsKey, ...packed);
    if (live.length > 0) pipeline.zadd(due, ...live);
    if (forgettable.length > 0) pipeline.zadd(ended, ...forgettable).expire(ended, STAGED_SECONDS);
  });
}

/** Adds one chunk of buyer counts. */
export async function stageBuyers(redis: Redis, stage: Stage, buyers: BuyerCount[]): Promise<void> {
  if (buyers.length === 0) return;
  const packed = buyers.flatMap((buyer) => [buyer.buyerId, [buyer.held, buyer.bought, ...buyer.holdIds].join(',')]);
  await command(redis, (client) => client.hset(stage.keys[4], ...packed));
}

/** Adds rules and counts: available is what capacity leaves after sold and held. */
export async function stageSale(
  redis: Redis,
  stage: Stage,
  {
    sale,
    held,
    decisionsMax,
  }: {
    sale: Sale & { version: number; sold: Record<string, number> };
    held: ReadonlyMap<string, number>;
    decisionsMax: number;
  },
): Promise<void> {
  const counts = sale.ticketTypes.flatMap(({ ticketTypeId: id, capacity }) => {
    const sold = sale.sold[id] ?? 0;
    const heldNow = held.get(id) ?? 0;
    return [
      [`capacity:${id}`, capacity],
      [`sold:${id}`, sold],
      [`held:${id}`, heldNow],
      [`available:${id}`, capacity - sold - heldNow],
    ] as const;
  });
  const fields = [
    ['version', sale.version] as const,
    ...Object.entries(saleSettings(sale, decisionsMax)),
    ...counts,
  ].flat();
  await command(redis, (client) => client.hset(stage.keys[0], ...(fields as [string, number])));
}

/** Drops a staging that will not be installed. */
export async function dropStage(redis: Redis, stage: Stage): Promise<void> {
  await command(redis, (client) => client.unlink(...stage.keys));
}

/** Asks to be the one rebuilder for `forMs`; false when another process is. Only a courtesy: the epoch decides. */
export async function claimRebuild(redis: Redis, saleId: string, forMs: number): Promise<boolean> {
  const key = rebuildingKey(redis.keyPrefix, saleId);
  return (await command(redis, (client) => client.set(key, '1', 'PX', forMs, 'NX'))) === 'OK';
}

/** Says that the rebuild is still under way. */
export async function renewRebuild(redis: Redis, saleId: string, forMs: number): Promise<void> {
  await command(redis, (client) => client.pexpire(rebuildingKey(redis.keyPrefix, saleId), forMs));
}

/** Lets others rebuild again. */
export async function endRebuild(redis: Redis, saleId: string): Promise<void> {
  await command(redis, (client) => client.del(rebuildingKey(redis.keyPrefix, saleId)));
}

/** Reads entries of a staged hash; null for each that is not staged. */
export async function readStaged(
  redis: Redis,
  stage: Stage,
  hash: 'holds' | 'buyers',
  fields: string[],
): Promise<(string | null)[]> {
  if (fields.length === 0) return [];
  const key = stage.keys[hash === 'holds' ? 1 : 4];
  return command(redis, (client) => client.hmget(key, ...fields));
}

import { randomBytes } from 'node:crypto';
import type { Line } from '../domain/hold.ts';
import type { Sale } from '../domain/sale.ts';
import { closeRedis, connectRedis, type Redis, waitForRedis } from '../redis/connection.ts';
import type { HoldRecord } from '../redis/hold-record.ts';
import { installSale } from '../redis/install-sale.ts';
import { type BuyerCount, openStage, type Stage, stageBuyers, stageHolds, stageSale } from '../redis/stage-sale.ts';
import { suspendSale } from '../redis/suspend-sale.ts';
import { freshId, stack } from './stack.ts';

/** Entries of the decision log that the sales of these tests keep. */
export const decisionsMax = 1000;

/** When the sales of these tests open; `time.nowMs` starts a minute later. */
export const opensAtMs = 1_800_000_000_000;

export type TestRedis = {
  redis: Redis;
  /** What scripts take for now: set it to move time. */
  time: { nowMs: number };
  /** One more connection, as another process would have it, to the same keys at the same time. */
  another(): Promise<Redis>;
  /** Removes the keys of this test file and closes every connection. */
  close(): Promise<void>;
};

/** Connects with a key prefix and a clock of its own. */
export async function openTestRedis(url: string = stack.redisUrl): Promise<TestRedis> {
  const keyPrefix = `test-${randomBytes(6).toString('hex')}`;
  const time = { nowMs: opensAtMs + 60_000 };
  const opened: Redis[] = [];
  const another = async () => {
    const redis = connectRedis({
      url,
      keyPrefix,
      commandTimeoutMs: 10_000,
      clock: () => time.nowMs,
      onError: (error) => console.error(error),
    });
    opened.push(redis);
    await waitForRedis(redis, 10_000);
    return redis;
  };
  const redis = await another();
  return {
    redis,
    time,
    another,
    async close() {
      await removeKeys(redis);
      for (const each of opened) closeRedis(each);
    },
  };
}

async function removeKeys({ client, keyPrefix }: Redis): Promise<void> {
  for await (const keys of client.scanStream({ match: `${keyPrefix}:*`, count: 1000 })) {
    for (const key of keys as string[]) await client.unlink(key);
  }
}

/** `tickets` are capacities by ticket type, `sold` what MySQL has sold of them. */
export type SaleSetting = Partial<Omit<Sale, 'ticketTypes'>> & {
  tickets?: Record<string, number>;
  sold?: Record<string, number>;
  version?: number;
  epoch?: number;
  holds?: (HoldRecord & { forgetAtMs?: number })[];
  buyers?: BuyerCount[];
};

/** A sale as MySQL knows it; open, with ten tickets of one type `std` unless the setting says otherwise. */
export function saleOf(setting: SaleSetting): Sale & { version: number; sold: Record<string, number> } {
  const { tickets = { std: 10 }, sold = {}, holds: _holds, buyers: _buyers, epoch: _epoch, ...rest } = setting;
  return {
    saleId: freshId('sale'),
    title: 'A concert',
    currency: 'KRW',
    opensAtMs,
    closesAtMs: null,
    holdTtlMs: 60_000,
    buyerTicketsMax: 4,
    orderTicketsMax: null,
    paused: false,
    closedAtMs: null,
    createdAtMs: opensAtMs,
    version: 1,
    ...rest,
    ticketTypes: Object.entries(tickets).map(([ticketTypeId, capacity]) => ({
      ticketTypeId,
      name: ticketTypeId,
      priceMinor: 5000,
      capacity,
    })),
    sold: Object.fromEntries(Object.keys(tickets).map((id) => [id, Object.hasOwn(sold, id) ? (sold[id] ?? 0) : 0])),
  };
}

/** Stages a sale as a rebuild does; `install` puts it in place. */
export async function stage(redis: Redis, setting: SaleSetting): Promise<Stage & { saleId: string }> {
  const sale = saleOf(setting);
  const staged = await openStage(redis, { saleId: sale.saleId, epoch: setting.epoch ?? 1, attempt: freshId('try') });
  const holds = setting.holds ?? [];
  await stageHolds(redis, staged, holds);
  await stageBuyers(redis, staged, setting.buyers ?? []);
  const held = new Map<string, number>();
  for (const line of holds.filter((hold) => hold.status === 'held').flatMap((hold) => hold.lines)) {
    held.set(line.ticketTypeId, (held.get(line.ticketTypeId) ?? 0) + line.quantity);
  }
  await stageSale(redis, staged, { sale, held, decisionsMax });
  return { ...staged, saleId: sale.saleId };
}

/** Puts a sale in place, all of a rebuild's steps at once, and returns its id. */
export async function putSale(redis: Redis, setting: SaleSetting = {}): Promise<string> {
  const { saleId, keys, epoch } = await stage(redis, setting);
  const suspended = await suspendSale(redis, { saleId, newEpoch: epoch });
  const oldEpoch = suspended.status === 'suspended' ? suspended.epoch : null;
  const reply = await installSale(redis, { saleId, staged: keys, oldEpoch, newEpoch: epoch });
  if (reply !== 'installed') throw new Error(`the sale was not installed: ${reply}`);
  return saleId;
}

/** Lines from quantities by ticket type, in the canonical order. */
export function linesOf(quantities: Record<string, number>): Line[] {
  return Object.keys(quantities)
    .sort()
    .map((ticketTypeId) => ({ ticketTypeId, quantity: quantities[ticketTypeId] ?? 0 }));
}

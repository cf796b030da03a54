import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Config } from '../config.ts';
import type { Coupon, CouponCampaign } from '../domain/coupon.ts';
import { UnavailableError } from '../domain/errors.ts';
import type { Batch } from '../engine/coupon-batch.ts';
import { startCouponConsumer } from '../engine/coupon-consumer.ts';
import { type Coupons, createCoupons } from '../engine/coupons.ts';
import { createLog } from '../log.ts';
import { closeMysql, connectMysql, type Mysql } from '../mysql/connection.ts';
import { couponsOfCampaign } from '../mysql/coupons.ts';
import { closeRedis, connectRedis, type Redis, waitForRedis } from '../redis/connection.ts';
import { type CampaignKeys, campaignKeys } from '../redis/coupon-keys.ts';
import { intactEpoch } from '../redis/coupon-rebuild.ts';
import { readCoupons } from '../redis/coupon-stream.ts';
import { freshId, patience, testConfig } from './stack.ts';
import { until } from './until.ts';

/** What the tests of coupons share: connections under a key prefix of their own, so that no other consumer joins in. */
export type CouponBench = {
  config: Config;
  redis: Redis;
  mysql: Mysql;
  log: ReturnType<typeof createLog>;
  keys(campaignId: string): CampaignKeys;
  close(): Promise<void>;
};

/**
 * Opens a bench; `env` overrides single variables, and a REDIS_KEY_PREFIX there joins another bench, whose keys it then leaves
 * alone. `clock` gives scripts their time.
 */
export async function openCouponBench(
  env: Record<string, string> = {},
  options: { clock?: () => number; databaseUrl?: string } = {},
): Promise<CouponBench> {
  const config = testConfig({
    ...patience,
    REDIS_KEY_PREFIX: freshId('test'),
    COUPON_BLOCK_MS: '50',
    COUPON_CLAIM_IDLE_MS: '400',
    CATALOG_EVERY_MS: '100',
    ...(options.databaseUrl ? { DATABASE_URL: options.databaseUrl } : {}),
    ...env,
  });
  const redis = connectRedis({ ...config.redis, clock: options.clock, onError: () => undefined });
  const mysql = connectMysql(config.mysql);
  const log = createLog(config);
  await waitForRedis(redis, 10_000);
  return {
    config,
    redis,
    mysql,
    log,
    keys: (campaignId) => campaignKeys(redis.keyPrefix, campaignId),
    async close() {
      const own = env['REDIS_KEY_PREFIX'] ? [] : await redis.client.keys(`${redis.keyPrefix}:*`);
      if (own.length > 0) await redis.client.unlink(...own);
      closeRedis(redis);
      await closeMysql(mysql);
    },
  };
}

export const admin = { actorId: 'test-admin', requestId: 'test' };

/** A campaign that is open, under a fresh id, unless `changes` say otherwise. */
export function aCampaign(quantity: number, changes: Partial<CouponCampaign> = {}): CouponCampaign {
  return {
    campaignId: freshId('campaign'),
    title: 'Ten off',
    quantity,
    opensAtMs: Date.now() - 60_000,
    closesAtMs: null,
    discount: { kind: 'percent', value: 10 },
    createdAtMs: Date.now(),
    ...changes,
  };
}

/** Creates a campaign through the engine and returns its id. */
export async function openCampaign(
  coupons: Coupons,
  quantity: number,
  changes: Partial<CouponCampaign> = {},
): Promise<string> {
  const { createdAtMs: _, ...campaign } = aCampaign(quantity, changes);
  const outcome = await coupons.createCampaign({ ...admin, campaign });
  if (outcome.status !== 'created') throw new Error(`the campaign was not created: ${outcome.status}`);
  return campaign.campaignId;
}

/** Issues a coupon that must be had. */
export async function issued(coupons: Coupons, campaignId: string, buyerId: string): Promise<Coupon> {
  const outcome = await coupons.issue({ campaignId, buyerId });
  if (outcome.status !== 'issued') throw new Error(`not issued: ${outcome.status}`);
  return outcome.coupon;
}

/** Coupons of a campaign as MySQL has them. */
export function storedCoupons(bench: Pick<CouponBench, 'mysql'>, campaignId: string) {
  return couponsOfCampaign(bench.mysql.db, campaignId, null, 100_000);
}

/** Whose they are, in alphabetical order. */
export async function storedBuyers(bench: Pick<CouponBench, 'mysql'>, campaignId: string): Promise<string[]> {
  return (await storedCoupons(bench, campaignId)).map((row) => row.buyerId).sort();
}

/** What a consumer reads that then falls asleep. */
export async function readBatch({ redis }: Pick<CouponBench, 'redis'>, campaignId: string): Promise<Batch> {
  const read = await readCoupons(redis, { campaignId, consumer: 'slow', countMax: 10 }, '>');
  if (read.status !== 'read' || read.epoch === null) throw new Error('not read');
  return { campaignId, runId: read.runId, epoch: read.epoch, entries: read.entries };
}

/** Binds the engine's coupons to a bench. */
export function couponsOn({ config, log, redis, mysql }: CouponBench): Coupons {
  return createCoupons({ config, log, redis, mysql });
}

/** Has a consumer write to MySQL all that was issued from a campaign, after it has been rebuilt if Redis has lost it. */
export async function drained(bench: CouponBench, campaignId: string): Promise<void> {
  const { redis, keys } = bench;
  const consumer = startCouponConsumer(bench);
  try {
    await until('all is written', async () => {
      // A stream that is empty may be waiting for what a rebuild gives back to it.
      if ((await intactEpoch(redis, campaignId)) === null) return false;
      return (await redis.client.xlen(keys(campaignId).stream)) === 0;
    });
  } finally {
    await consumer.stop();
  }
}

/** Repeats a call until it is no longer answered by UnavailableError, as a client would; counts the refusals. */
export async function untilAvailable<T>(call: () => Promise<T>): Promise<{ reply: T; refusals: number }> {
  for (let refusals = 0; ; refusals += 1) {
    try {
      return { reply: await call(), refusals };
    } catch (error) {
      if (!(error instanceof UnavailableError) || refusals > 500) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

const spawned = new Set<ChildProcess>();

/**
 * A consumer in a process of its own, on the stores of a bench, with batches of `batchMax`. It kills itself between the COMMIT of
 * its batch number `diesAtBatch` and the acknowledgement.
 */
export async function spawnConsumer(bench: CouponBench, options: { batchMax?: number; diesAtBatch?: number } = {}) {
  const worker = new URL('./coupon-worker.ts', import.meta.url).pathname;
  const { batchMax = 10, diesAtBatch = 0 } = options;
  const env = { ...process.env, REDIS_KEY_PREFIX: bench.redis.keyPrefix, COUPON_BATCH_MAX: String(batchMax) };
  const args = ['--import', 'tsx', worker, String(diesAtBatch)];
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  spawned.add(child);
  const exited = once(child, 'exit').finally(() => spawned.delete(child));
  await Promise.race([once(child.stdout, 'data'), exited]);
  return {
    /** Kills it as a power cut would; waits until it is gone. */
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
    exited: exited.then(([, signal]) => signal as string | null),
  };
}

/** Ends every consumer process that a failed test has left. */
export async function killConsumers(): Promise<void> {
  for (const child of spawned) child.kill('SIGKILL');
  while (spawned.size > 0) await new Promise((resolve) => setTimeout(resolve, 5));
}

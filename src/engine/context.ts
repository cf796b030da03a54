import type { Config } from '../config.ts';
import type { Log } from '../log.ts';
import { closeMysql, connectMysql, type Mysql } from '../mysql/connection.ts';
import { createOrderWriter, type OrderWriter } from '../mysql/order-writer.ts';
import { type ExpiryQueue, openExpiryQueue } from '../queue/expiry-queue.ts';
import { closeRedis, connectRedis, type Redis } from '../redis/connection.ts';
import { type Catalog, createCatalog } from './catalog.ts';
import type { EngineDeps } from './engine.ts';
import { createEngineMetrics, type EngineMetrics } from './metrics.ts';
import { createRebuilder, type Rebuilder } from './rebuild.ts';
import { createReceipts, type Receipts } from './receipt.ts';
import { createHotScripts, type HotScripts } from './scripts.ts';
import { createShortages, type Shortages } from './shortages.ts';
import type { Swept } from './sweep.ts';
import { createNamedTurns, createTurns, type NamedTurns, type Turns } from './turns.ts';

/** What the parts of the engine share. */
export type Context = {
  config: Config;
  log: Log;
  redis: Redis;
  mysql: Mysql;
  catalog: Catalog;
  receipts: Receipts;
  scripts: HotScripts;
  writer: OrderWriter;
  rebuilder: Rebuilder;
  shortages: Shortages;
  expiryQueue: ExpiryQueue;
  metrics: EngineMetrics;
  /** Resyncs of this process take turns: each needs two connections, and a crowd would hold them all, each waiting. */
  resyncTurns: Turns;
  /** Jobs and sweeps of this process that expire the same sale take turns: together they would only keep others from Redis. */
  expiryTurns: NamedTurns<Swept>;
};

/** Opens the connections of this process; none of them has answered yet. */
export function openContext(config: Config, { log, registry, clock }: EngineDeps): Context {
  const onError = (error: Error) =>
    log.debug({ err: error }, 'a connection to Redis had a problem, and is made again where it was lost');
  const redis = connectRedis({ ...config.redis, clock, onError });
  const mysql = connectMysql(config.mysql);
  const metrics = createEngineMetrics(registry);
  return {
    config,
    log,
    redis,
    mysql,
    catalog: createCatalog(mysql, config.catalogEveryMs),
    receipts: createReceipts(config.secrets.holdToken),
    scripts: createHotScripts({ config, redis }),
    writer: createOrderWriter(mysql, { batchMax: config.batch.commitOrdersMax }),
    rebuilder: createRebuilder({ config, log, redis, mysql, metrics }),
    shortages: createShortages(config.shortageMemoryMs, clock),
    expiryQueue: openExpiryQueue(config.redis, onError),
    metrics,
    resyncTurns: createTurns(),
    expiryTurns: createNamedTurns(),
  };
}

/** Closes the connections after the orders, resyncs and rebuilds under way. */
export async function closeContext(context: Context): Promise<void> {
  await context.writer.idle();
  await context.resyncTurns.idle();
  await context.rebuilder.idle();
  await context.expiryQueue.close();
  closeRedis(context.redis);
  await closeMysql(context.mysql);
}

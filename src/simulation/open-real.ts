import { createConnection } from 'mysql2/promise';
import { closeMysql, connectMysql } from '../mysql/connection.ts';
import { createOrderWriter } from '../mysql/order-writer.ts';
import { closeRedis, connectRedis, waitForRedis } from '../redis/connection.ts';
import { openTestEngine } from '../testing/engine.ts';
import { firstMs, timing } from './oracle/world.ts';
import type { Real } from './run-state.ts';

/** The oracle's figures, and patience: a machine that is busy must not look like a store that is away. */
const environment = {
  HOLD_LEASE_MS: String(timing.leaseMs),
  HOLD_GRACE_MS: String(timing.graceMs),
  HOLD_GRACE_MAX_MS: String(timing.graceMaxMs),
  HOLD_KEYED_MEMORY_MS: String(timing.keyedMemoryMs),
  HOLD_MEMORY_MS: String(timing.memoryMs),
  // Small slices, so that a sweep takes several; all that is due before anybody is told that nothing is left.
  HOLD_SLICE_MAX: '2',
  HOLD_INLINE_EXPIRE_MAX: '200',
  CATALOG_EVERY_MS: '1',
  // Less than a crowd asks for, so that what comes in one turn goes in several batches of several items.
  BATCH_PLACE_LINES_MAX: '6',
  BATCH_CONFIRM_LINES_MAX: '4',
  BATCH_COMMIT_ORDERS_MAX: '3',
  SHORTAGE_MEMORY_MS: String(timing.shortageMemoryMs),
  CONFIRM_DEADLINE_MS: '60000',
};

/**
 * Two engines on one steered clock, in a database and under a key prefix of their own. `throwAway` says that the MySQL is
 * nobody else's: no machine is going to fail under it, so a commit need not wait for the disk.
 */
export async function openReal(throwAway: boolean): Promise<Real & { close(): Promise<void> }> {
  const clock = { nowMs: firstMs };
  const options = { clock: () => clock.nowMs };
  const main = await openTestEngine(environment, options);
  const other = await openTestEngine(environment, { ...options, sharing: main });
  const { config } = main;
  const redis = connectRedis({ ...config.redis, ...options, onError: (error) => console.error(error) });
  await waitForRedis(redis, 10_000);
  const mysql = connectMysql(config.mysql);
  const look = await createConnection({ uri: config.mysql.url, decimalNumbers: true, multipleStatements: true });
  if (throwAway) await look.query('set global innodb_flush_log_at_trx_commit = 2');
  return {
    engines: [main.engine, other.engine],
    redis,
    mysql,
    writer: createOrderWriter(mysql, { batchMax: config.batch.commitOrdersMax }),
    look,
    clock,
    async close() {
      await look.end();
      await closeMysql(mysql);
      closeRedis(redis);
      await other.close();
      await main.close();
    },
  };
}

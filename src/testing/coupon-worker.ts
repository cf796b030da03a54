import { startCouponConsumer } from '../engine/coupon-consumer.ts';
import { createLog } from '../log.ts';
import { connectMysql } from '../mysql/connection.ts';
import { connectRedis, waitForRedis } from '../redis/connection.ts';
import { readScript, shaOf } from '../redis/script.ts';
import { patience, testConfig } from './stack.ts';

/** A process that only consumes coupons, for tests to kill. Given a number, it kills itself after the COMMIT of so many batches. */
const config = testConfig({
  ...patience,
  REDIS_KEY_PREFIX: process.env['REDIS_KEY_PREFIX'] ?? '',
  COUPON_BATCH_MAX: process.env['COUPON_BATCH_MAX'] ?? '10',
  COUPON_BLOCK_MS: '10',
  COUPON_CLAIM_IDLE_MS: '400',
  CATALOG_EVERY_MS: '50',
});
const redis = connectRedis({ ...config.redis, onError: () => undefined });
await waitForRedis(redis, 10_000);

const diesAtBatch = Number(process.argv[2] ?? 0);
if (diesAtBatch > 0) {
  const ackSha = shaOf(readScript('ack-coupons'));
  const evalsha = redis.client.evalsha.bind(redis.client) as (...args: unknown[]) => Promise<unknown>;
  let acks = 0;
  redis.client.evalsha = (...args: unknown[]) => {
    if (args[0] === ackSha) acks += 1;
    if (acks === diesAtBatch) process.kill(process.pid, 'SIGKILL');
    return evalsha(...args);
  };
}

startCouponConsumer({ config, log: createLog(config), redis, mysql: connectMysql(config.mysql) });
process.stdout.write('consuming\n');

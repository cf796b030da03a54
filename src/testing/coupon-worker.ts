import { createHash } from 'node:crypto';
import { startCouponConsumer } from '../engine/coupon-consumer.ts';
import { createLog } from '../log.ts';
import { connectMysql } from '../mysql/connection.ts';
import { connectRedis, waitForRedis } from '../redis/connection.ts';
import { readScript } from '../redis/script.ts';
import { patience, testConfig } from './stack.ts';

/** A process that only consumes coupons, for tests to kill. With `dies-before-ack` it kills itself after a COMMIT. */
const config = testConfig({
  ...patience,
  REDIS_KEY_PREFIX: process.env['REDIS_KEY_PREFIX'] ?? '',
  COUPON_BATCH_MAX: process.env['COUPON_BATCH_MAX'] ?? '10',
  COUPON_BLOCK_MS: '10',
  CATALOG_EVERY_MS: '50',
});
const redis = connectRedis({ ...config.redis, onError: () => undefined });
await waitForRedis(redis, 5000);

if (process.argv[2] === 'dies-before-ack') {
  const ackSha = createHash('sha1').update(readScript('ack-coupons')).digest('hex');
  const evalsha = redis.client.evalsha.bind(redis.client) as (...args: unknown[]) => Promise<unknown>;
  redis.client.evalsha = (...args: unknown[]) => {
    if (args[0] === ackSha) process.kill(process.pid, 'SIGKILL');
    return evalsha(...args);
  };
}

startCouponConsumer({ config, log: createLog(config), redis, mysql: connectMysql(config.mysql) });
process.stdout.write('consuming\n');

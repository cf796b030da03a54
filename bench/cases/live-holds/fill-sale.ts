import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis as Client } from 'ioredis';
import { closeRedis, connectRedis, waitForRedis } from '../../../src/redis/connection.ts';
import { decisionsKey } from '../../../src/redis/keys.ts';
import { placeHolds } from '../../../src/redis/place-holds.ts';
import { settings } from '../../../src/settings.ts';
import type { Scene } from '../../suite/scene.ts';

const keyPrefix = settings.REDIS_KEY_PREFIX.fallback;
const batchMax = 400;
const waitMs = 30_000;
/** As the settings of the engine are by default; they do not matter while nothing lapses. */
const options = { bucketMs: 250, inlineExpireMax: 20, keyedMemoryMs: 86_400_000, memoryMs: 600_000 };

/** Places so many holds by the engine's own script, and tells what each of them takes of Redis's memory. */
export async function fillSale(
  { redis: server }: Scene,
  { saleId, holds }: { saleId: string; holds: number },
): Promise<{ bytesPerHold: number; bytesPerHoldWithLog: number }> {
  const client = new Client(server.url, { replyMapping: 'legacy' });
  const redis = connectRedis({ url: server.url, keyPrefix, commandTimeoutMs: 10_000, onError: (error) => void error });
  try {
    await waitForRedis(redis, waitMs);
    const before = await usedMemory(client);
    for (let at = 0; at < holds; at += batchMax) {
      const items = Array.from({ length: Math.min(batchMax, holds - at) }, (_, index) => ({
        holdId: randomBytes(16).toString('base64url'),
        buyerId: `filler|${String(at + index).padStart(29, '0')}`,
        keyed: false,
        lines: [{ ticketTypeId: 'standard', quantity: 1 }],
      }));
      const replies = await placeHolds(redis, { saleId, items, options });
      const refused = replies.find(({ status }) => status !== 'placed');
      if (refused) throw new Error(`a hold of the filling was answered ${refused.status}`);
    }
    const after = await usedMemory(client);
    const log = Number((await client.memory('USAGE', decisionsKey(keyPrefix, saleId), 'SAMPLES', 0)) ?? 0);
    return { bytesPerHold: (after - before - log) / holds, bytesPerHoldWithLog: (after - before) / holds };
  } finally {
    closeRedis(redis);
    client.disconnect();
  }
}

/** Bytes of used_memory, once Redis does not rewrite its file any more. */
async function usedMemory(client: Client): Promise<number> {
  for (let waitedMs = 0; waitedMs < waitMs; waitedMs += 200) {
    const info = await client.info('persistence');
    if (!/aof_rewrite_(in_progress|scheduled):1/.test(info)) break;
    await sleep(200);
  }
  return Number(/^used_memory:(\d+)/m.exec(await client.info('memory'))?.[1]);
}

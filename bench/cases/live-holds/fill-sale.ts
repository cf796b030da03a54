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

/** Places so many holds by the engine's own script, the first for buyer number `from`, and tells what each takes of Redis's memory. */
export async function fillSale(
  { redis: server }: Scene,
  { saleId, holds, from = 0 }: { saleId: string; holds: number; from?: number },
): Promise<{ bytesPerHold: number; bytesPerHoldWithLog: number }> {
  const client = new Client(server.url, { replyMapping: 'legacy' });
  const redis = connectRedis({ url: server.url, keyPrefix, commandTimeoutMs: 10_000, onError: (error) => void error });
  try {
    await waitForRedis(redis, waitMs);
    const before = await usedMemory(client);
    for (let at = 0; at < holds; at += batchMax) {
      const items = Array.from({ length: Math.min(batchMax, holds - at) }, (_, index) => ({
        holdId: randomBytes(16).toString('base64url'),
        buyerId: `filler|${String(from + at + index).padStart(29, '0')}`,
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

/** Has Redis rewrite its file now: it would do so in the middle of a round, which then would take a third longer. */
export async function rewriteFile({ redis: server }: Scene): Promise<void> {
  const client = new Client(server.url, { replyMapping: 'legacy' });
  try {
    // It refuses while it does so already, with what was there when that began.
    await untilRewritten(client);
    await client.bgrewriteaof();
    await untilRewritten(client);
  } finally {
    client.disconnect();
  }
}

async function untilRewritten(client: Client): Promise<void> {
  for (let waitedMs = 0; waitedMs < waitMs; waitedMs += 200) {
    if (!/aof_rewrite_(in_progress|scheduled):1/.test(await client.info('persistence'))) return;
    await sleep(200);
  }
  throw new Error('Redis is still rewriting its file');
}

/** Bytes of used_memory, once Redis does not rewrite its file any more. */
async function usedMemory(client: Client): Promise<number> {
  await untilRewritten(client);
  return Number(/^used_memory:(\d+)/m.exec(await client.info('memory'))?.[1]);
}

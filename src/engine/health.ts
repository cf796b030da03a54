import type { Health, StoreHealth } from '../domain/audit.ts';
import { pingMysql } from '../mysql/connection.ts';
import { serverVersion } from '../redis/server.ts';
import type { Context } from './context.ts';

const TIMEOUT_MS = 800;

/** Asks both stores at once, bounded in time. Never throws. */
export async function health(context: Pick<Context, 'redis' | 'mysql'>): Promise<Health> {
  const [redis, mysql] = await Promise.all([
    probe(() => serverVersion(context.redis)),
    probe(async () => (await pingMysql(context.mysql)).version),
  ]);
  return { status: redis.status === 'up' && mysql.status === 'up' ? 'ok' : 'degraded', redis, mysql };
}

async function probe(ask: () => Promise<string>): Promise<StoreHealth> {
  const startedAt = performance.now();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${TIMEOUT_MS} ms`)), TIMEOUT_MS);
  });
  try {
    const version = await Promise.race([ask(), late]);
    return { status: 'up', latencyMs: Math.round((performance.now() - startedAt) * 10) / 10, version, error: null };
  } catch (error) {
    return {
      status: 'down',
      latencyMs: null,
      version: null,
      error: error instanceof Error ? error.message : 'unknown',
    };
  } finally {
    clearTimeout(timer);
  }
}

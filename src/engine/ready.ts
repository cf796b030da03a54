import { setTimeout as sleep } from 'node:timers/promises';
import { UnavailableError } from '../domain/errors.ts';
import { type Mysql, pingMysql } from '../mysql/connection.ts';
import { errnoOf } from '../mysql/errors.ts';
import { pendingMigrations } from '../mysql/migrate.ts';
import { waitForRedis } from '../redis/connection.ts';
import { checkServer } from '../redis/server.ts';
import type { Context } from './context.ts';

const ASK_EVERY_MS = 50;

/** MySQL knows us or the database not, or refuses us: access denied, unknown database, unsupported authentication. */
const refusals = new Set([1044, 1045, 1049, 1130, 1251, 1698]);

/**
 * Resolves once both stores can be used as they must be. Throws UnavailableError, naming the store and its reason, when that
 * takes longer than `startWaitMs`, and Error at once for what waiting does not mend: credentials, eviction, an old schema.
 */
export async function waitUntilUsable(context: Pick<Context, 'config' | 'log' | 'redis' | 'mysql'>): Promise<void> {
  await waitForRedis(context.redis, context.config.startWaitMs);
  await refuseEviction(context);
  await waitForMysql(context.mysql, context.config.startWaitMs);
  await refuseOldSchema(context.mysql);
}

async function refuseEviction({ redis, log }: Pick<Context, 'redis' | 'log'>): Promise<void> {
  const { evictionPolicy, isPersistent } = await checkServer(redis);
  if (evictionPolicy !== 'noeviction') {
    throw new Error(
      `Redis has maxmemory-policy ${evictionPolicy}: it would forget holds when memory is full. ` +
        'Set it with: redis-cli CONFIG SET maxmemory-policy noeviction (and in redis.conf)',
    );
  }
  if (!isPersistent)
    log.warn('Redis keeps no append-only file: a restart forgets every live hold (set appendonly yes)');
}

async function waitForMysql(mysql: Mysql, waitMs: number): Promise<void> {
  const until = performance.now() + waitMs;
  for (;;) {
    try {
      await pingMysql(mysql);
      return;
    } catch (error) {
      const message = `MySQL cannot be used: ${rootOf(error)}`;
      if (refusals.has(errnoOf(error) ?? 0)) throw new Error(message, { cause: error });
      if (performance.now() >= until) throw new UnavailableError(message, { cause: error });
    }
    await sleep(ASK_EVERY_MS);
  }
}

/** What the first of a chain of errors says: the words of the server or of the network. */
function rootOf(error: unknown): string {
  let at = error;
  while (at instanceof Error && at.cause !== undefined) at = at.cause;
  return at instanceof Error ? at.message : String(at);
}

async function refuseOldSchema(mysql: Mysql): Promise<void> {
  const pending = await pendingMigrations(mysql);
  if (pending.length > 0) {
    throw new Error(`The database lacks ${pending.length} migrations, from ${pending[0]} on: run npm run migrate`);
  }
}

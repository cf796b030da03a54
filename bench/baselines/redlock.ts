// A reserve under a lock per sale in one Redis, in the style of Redlock: lock, read, decide in Node, write, unlock. Left out as in evalsha.ts.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Hono } from 'hono';
import { Redis } from 'ioredis';
import { listen, setting } from './listen.ts';
import { authenticate, holdTtlMs, readReserve, reservedAnswer } from './surface.ts';

/** As the libraries have it: the lock lapses by itself, and who does not get it tries again after a while, by chance. */
const lockTtlMs = 5000;
const retryMs = 5;
const retryJitterMs = 10;
const waitMaxMs = 5000;

const redis = new Redis(setting('REDIS_URL'), { replyMapping: 'legacy' });
redis.defineCommand('unlock', { numberOfKeys: 1, lua: readFileSync(join(import.meta.dirname, 'unlock.lua'), 'utf8') });
const { unlock } = redis as Redis & { unlock(key: string, value: string): Promise<number> };

async function withLock<T>(saleId: string, work: () => Promise<T>): Promise<T | null> {
  const key = `{${saleId}}:lock`;
  const value = randomBytes(16).toString('base64url');
  const untilMs = performance.now() + waitMaxMs;
  while ((await redis.set(key, value, 'PX', lockTtlMs, 'NX')) !== 'OK') {
    if (performance.now() > untilMs) return null;
    await sleep(retryMs + Math.random() * retryJitterMs);
  }
  try {
    return await work();
  } finally {
    await unlock.call(redis, key, value);
  }
}

type Hold = { saleId: string; holdId: string; buyerId: string; quantity: number };

async function place({ saleId, holdId, buyerId, quantity }: Hold): Promise<'sold_out' | 'limit_reached' | number> {
  const [stock, holds, due, buyers] = ['stock', 'holds', 'due', 'buyers'].map((name) => `{${saleId}}:${name}`) as [
    string,
    string,
    string,
    string,
  ];
  const [available, held] = await Promise.all([redis.hget(stock, 'available'), redis.hget(buyers, buyerId)]);
  if (Number(held ?? 0) + quantity > 1) return 'limit_reached';
  if (Number(available ?? 0) < quantity) return 'sold_out';
  const nowMs = Date.now();
  const deadlineMs = nowMs + holdTtlMs;
  await redis
    .multi()
    .hincrby(stock, 'available', -quantity)
    .hincrby(stock, 'held', quantity)
    .hset(holds, holdId, `${buyerId};${quantity};${deadlineMs}`)
    .zadd(due, deadlineMs, holdId)
    .hset(buyers, buyerId, Number(held ?? 0) + quantity)
    .exec();
  return nowMs;
}

const app = new Hono();
app.post('/purchase/reserve', async (c) => {
  const { buyerId } = await authenticate(c.req.header('authorization'));
  const { saleId, ticketTypeId, quantity } = readReserve(await c.req.json());
  const holdId = randomBytes(16).toString('base64url');
  const placed = await withLock(saleId, () => place({ saleId, holdId, buyerId, quantity }));
  if (placed === null) return c.json({ code: 'unavailable' }, 503);
  if (typeof placed === 'string') return c.json({ code: placed }, 409);
  return c.json(reservedAnswer({ saleId, holdId, buyerId, ticketTypeId, quantity, placedAtMs: placed }), 201);
});
listen(app);

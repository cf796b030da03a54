import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Hono } from 'hono';
import { Redis } from 'ioredis';
import { setting } from './listen.ts';
import { authenticate, holdTtlMs, readReserve, reservedAnswer } from './surface.ts';

type Commands = Redis & {
  place(...args: (string | number)[]): Promise<['placed', number] | ['sold_out'] | ['limit_reached']>;
};

const script = readFileSync(join(import.meta.dirname, 'place.lua'), 'utf8');

/** The route of a reserve by one call of one script; `after` is what is done for each hold before its answer. */
export function reserveByScript(
  app: Hono,
  after: (hold: { saleId: string; holdId: string }) => Promise<unknown>,
): void {
  const redis = new Redis(setting('REDIS_URL'), { replyMapping: 'legacy' });
  redis.defineCommand('place', { numberOfKeys: 4, lua: script });
  const { place } = redis as Commands;

  app.post('/purchase/reserve', async (c) => {
    const { buyerId } = await authenticate(c.req.header('authorization'));
    const { saleId, ticketTypeId, quantity } = readReserve(await c.req.json());
    const holdId = randomBytes(16).toString('base64url');
    const keys = ['stock', 'holds', 'due', 'buyers'].map((name) => `{${saleId}}:${name}`);
    const [word, placedAtMs] = await place.call(redis, ...keys, holdId, buyerId, quantity, holdTtlMs, 1);
    if (word !== 'placed') return c.json({ code: word }, 409);
    await after({ saleId, holdId });
    return c.json(
      reservedAnswer({ saleId, holdId, buyerId, ticketTypeId, quantity, placedAtMs: placedAtMs ?? 0 }),
      201,
    );
  });
}

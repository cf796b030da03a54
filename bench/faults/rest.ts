import { setTimeout as sleep } from 'node:timers/promises';
import type { RowDataPacket } from 'mysql2/promise';
import { campaignKeys } from '../../src/redis/coupon-keys.ts';
import { readSale } from '../../src/redis/read-sale.ts';
import type { Market } from './market.ts';
import type { Sources } from './read-truth.ts';

/** Whether everything came to rest, and what still moved when not. */
export type Rest = { isAtRest: boolean; waitedMs: number; moving: string };

const everyMs = 200;

/**
 * Waits until nothing is held or on its way in either store and both agree, seen twice in a row, or until `withinMs` are over.
 * It changes nothing: whatever has to be set right, the workers do.
 */
export async function waitForRest(sources: Sources, market: Market, withinMs: number): Promise<Rest> {
  const startedMs = performance.now();
  let before = '';
  for (;;) {
    const { moving, seen } = await look(sources, market).catch((error: Error) => ({
      moving: [error.message],
      seen: '',
    }));
    const waitedMs = performance.now() - startedMs;
    if (moving.length === 0 && seen === before) return { isAtRest: true, waitedMs, moving: '' };
    if (waitedMs > withinMs) return { isAtRest: false, waitedMs, moving: moving.join('; ') || 'the counts' };
    before = seen;
    await sleep(everyMs);
  }
}

async function look({ redis, mysql }: Sources, { scarce, plenty, campaign }: Market) {
  const moving: string[] = [];
  const seen: unknown[] = [];
  for (const { saleId } of [scarce, plenty]) {
    const sale = await readSale(redis, saleId);
    const [rows] = await mysql.query<RowDataPacket[]>(
      'SELECT id, capacity, sold, epoch FROM ticket_types WHERE sale_id = ?',
      [saleId],
    );
    if (!sale?.intact) moving.push(`${saleId} is lost`);
    for (const { id, capacity, sold, epoch } of rows) {
      const counts = sale?.stock.find((type) => type.ticketTypeId === id);
      const there = `${counts?.capacity} ${counts?.sold} ${sale?.epoch}`;
      if (counts?.held !== 0) moving.push(`${saleId} ${id} has ${counts?.held} held`);
      if (there !== `${capacity} ${sold} ${epoch}`) {
        moving.push(
          `${saleId} ${id} has capacity, sold and epoch ${there} in Redis, ${capacity} ${sold} ${epoch} in MySQL`,
        );
      }
      seen.push(counts, capacity, sold, epoch);
    }
  }
  const keys = campaignKeys(redis.keyPrefix, campaign.campaignId);
  const waiting = await redis.client.xlen(keys.stream);
  const issued = await redis.client.hlen(keys.coupons);
  const [rows] = await mysql.query<RowDataPacket[]>('SELECT COUNT(*) AS stored FROM coupons WHERE campaign_id = ?', [
    campaign.campaignId,
  ]);
  const stored = Number(rows[0]?.['stored']);
  // The hash has one entry more: its epoch.
  if (waiting > 0 || issued - 1 !== stored)
    moving.push(`${waiting} coupons wait, ${issued - 1} issued, ${stored} stored`);
  return { moving, seen: JSON.stringify([seen, issued, stored]) };
}

import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from './client.ts';
import type { Line } from './history.ts';
import type { Random } from './random.ts';

/** A sale of one schedule, as it is made. */
export type MarketSale = {
  saleId: string;
  holdTtlSeconds: number;
  buyerTicketsMax: number;
  /** Who presses at it. */
  buyers: number;
  ticketTypes: { ticketTypeId: string; priceMinor: number; capacity: number }[];
};

/** What is sold in one schedule: a sale that sells out at once, one that lasts, and coupons. */
export type Market = { scarce: MarketSale; plenty: MarketSale; campaign: { campaignId: string; quantity: number } };

const triesMax = 20;
const retryMs = 250;

/** Describes the market of a schedule; `name` makes its ids its own. */
export function describeMarket(name: string): Market {
  return {
    scarce: {
      saleId: `scarce-${name}`,
      holdTtlSeconds: 1,
      buyerTicketsMax: 2,
      buyers: 40,
      ticketTypes: [{ ticketTypeId: 'seat', priceMinor: 9900, capacity: 24 }],
    },
    plenty: {
      saleId: `plenty-${name}`,
      holdTtlSeconds: 2,
      buyerTicketsMax: 4,
      buyers: 160,
      ticketTypes: [
        { ticketTypeId: 'floor', priceMinor: 4500, capacity: 400 },
        { ticketTypeId: 'stand', priceMinor: 2500, capacity: 150 },
      ],
    },
    campaign: { campaignId: `coupons-${name}`, quantity: 30 },
  };
}

/** Puts it on sale. Throws when the engine does not take it within a few seconds. */
export async function openMarket(client: Client, { scarce, plenty, campaign }: Market): Promise<void> {
  const opensAt = new Date(Date.now() - 1000).toISOString();
  for (const { saleId, holdTtlSeconds, buyerTicketsMax, ticketTypes } of [scarce, plenty]) {
    await insist(client, '/admin/sales', {
      ...{ saleId, title: 'A sale under faults', currency: 'EUR', opensAt, holdTtlSeconds, buyerTicketsMax },
      ticketTypes: ticketTypes.map((type) => ({ ...type, name: type.ticketTypeId })),
    });
  }
  const discount = { kind: 'percent', value: 10 };
  await insist(client, '/admin/coupon-campaigns', { ...campaign, title: 'Coupons under faults', opensAt, discount });
}

/** Closes what was on sale, so that the workers settle it in time. */
export async function closeMarket(client: Client, { scarce, plenty }: Market): Promise<void> {
  for (const { saleId } of [scarce, plenty]) {
    await insist(client, `/admin/sales/${saleId}/close`, { reason: 'the schedule is over' });
  }
}

/** The tickets that a visitor wants. */
export function wantedLines(sale: MarketSale, random: Random): Line[] {
  const first = random.pick(sale.ticketTypes);
  const lines = [{ ticketTypeId: first.ticketTypeId, quantity: random.whole(1, 2) }];
  const other = sale.ticketTypes.find((type) => type !== first);
  if (other && random.chance(0.25)) lines.push({ ticketTypeId: other.ticketTypeId, quantity: 1 });
  return lines.sort((a, b) => (a.ticketTypeId < b.ticketTypeId ? -1 : 1));
}

async function insist(client: Client, path: string, body: unknown): Promise<void> {
  const key = `${path}-${JSON.stringify(body)}`.replace(/[^A-Za-z0-9]/g, '').slice(0, 200);
  for (let tries = 0; ; tries += 1) {
    const answer = await client.ask({
      method: 'POST',
      path,
      body,
      key,
      caller: 'market',
      scope: 'admin',
      server: tries,
    });
    if (answer.status === 200 || answer.status === 201) return;
    if (tries === triesMax) throw new Error(`${path} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    await sleep(retryMs);
  }
}

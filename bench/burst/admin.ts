import { setTimeout as sleep } from 'node:timers/promises';
import { NotPossible } from '../../scripts/not-possible.ts';

/** One ticket type as `GET /admin/sales/:saleId/stock` tells it. */
export type Stock = {
  capacity: number;
  available: number;
  held: number;
  sold: number;
  soldInMysql: number;
  capacityInMysql: number;
};

export type Order = { orderId: string; holdId: string; buyerId: string; lines: { quantity: number }[] };

export type Admin = ReturnType<typeof createAdmin>;

const timeoutMs = 10_000;
const triesMax = 20;
const retryMs = 250;

/** The admin's calls that a burst needs. They throw what the engine said when it was not the expected answer. */
export function createAdmin(baseUrl: string, token: string) {
  async function ask(path: string, body?: unknown): Promise<unknown> {
    for (let tries = 1; ; tries += 1) {
      const response = await fetch(`${baseUrl}${path}`, {
        method: body === undefined ? 'GET' : 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(timeoutMs),
      });
      if (response.ok) return response.json();
      if (response.status === 401)
        throw new NotPossible('the engine does not take tokens signed with this AUTH_JWT_SECRET');
      // Reads may be repeated: after a burst the engine may still be catching its breath.
      if (response.status !== 503 || body !== undefined || tries === triesMax) {
        throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
      }
      await sleep(retryMs);
    }
  }
  async function pages<T>(path: string): Promise<T[]> {
    const items: T[] = [];
    let cursor: string | null = null;
    do {
      const next: string = cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`;
      const page = (await ask(`${path}&limit=100${next}`)) as { items: T[]; nextCursor: string | null };
      items.push(...page.items);
      cursor = page.nextCursor;
    } while (cursor !== null);
    return items;
  }

  return {
    createSale: (input: { saleId: string; ticketTypeId: string; tickets: number; holdTtlSeconds: number }) =>
      ask('/admin/sales', {
        saleId: input.saleId,
        title: 'Burst',
        currency: 'EUR',
        opensAt: new Date(Date.now() - 1000).toISOString(),
        holdTtlSeconds: input.holdTtlSeconds,
        buyerTicketsMax: 1,
        ticketTypes: [
          { ticketTypeId: input.ticketTypeId, name: 'Standard', priceMinor: 7500, capacity: input.tickets },
        ],
      }),
    closeSale: (saleId: string) => ask(`/admin/sales/${saleId}/close`, { reason: 'the burst is over' }),
    stock: async (saleId: string) => {
      const { ticketTypes } = (await ask(`/admin/sales/${saleId}/stock`)) as { ticketTypes: [Stock] };
      return ticketTypes[0];
    },
    orders: (saleId: string) => pages<Order>(`/admin/orders?saleId=${saleId}`),
    confirming: async (saleId: string) => {
      return (await pages(`/admin/sales/${saleId}/holds?status=confirming`)).length;
    },
    health: async () => (await ask('/health')) as Record<'redis' | 'mysql', { version: string | null }>,
  };
}

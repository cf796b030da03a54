import type { Connection, RowDataPacket } from 'mysql2/promise';
import type { Redis } from '../../src/redis/connection.ts';
import { campaignKeys } from '../../src/redis/coupon-keys.ts';
import { unpackCoupon } from '../../src/redis/coupon-record.ts';
import { unpackHold } from '../../src/redis/hold-record.ts';
import { assertLawful, type SaleState, stateOf } from '../../src/testing/redis-state.ts';
import type { Client } from './client.ts';
import type { MarketSale } from './market.ts';
import type { CampaignTruth, OrderTruth, SaleTruth, TypeTruth } from './truth.ts';

/** Where the truth is read. */
export type Sources = { redis: Redis; mysql: Connection; client: Client };

const detailCharsMax = 2000;

/** Reads everything that both stores and the engine itself say of a sale, while nothing moves. */
export async function readSaleTruth(sources: Sources, sale: MarketSale): Promise<SaleTruth> {
  const { saleId } = sale;
  const state = await stateOf(sources.redis, saleId);
  const lawBroken = await assertLawful(sources.redis, saleId).then(
    () => null,
    (error: Error & { details?: string }) => `${error.message} ${(error.details ?? '').slice(0, detailCharsMax)}`,
  );
  const orders = await readOrders(sources.mysql, saleId);
  const outcomes = await rowsOf(
    sources.mysql,
    'SELECT hold_id AS holdId, outcome, order_id AS orderId FROM hold_outcomes WHERE sale_id = ?',
    saleId,
  );
  return {
    saleId,
    buyerTicketsMax: sale.buyerTicketsMax,
    types: await readTypes(sources, sale, { state, orders }),
    holds: [...state.holds]
      .filter(([holdId]) => holdId !== '#')
      .map(([holdId, packed]) => unpackHold(saleId, holdId, packed)),
    outcomes: outcomes as SaleTruth['outcomes'],
    orders,
    boughtInRedis: [...state.buyers]
      .filter(([buyerId]) => buyerId !== '')
      .map(([buyerId, packed]) => {
        const [held, bought] = packed.split(',').map(Number);
        return { buyerId, held: held ?? 0, bought: bought ?? 0 };
      }),
    lawBroken,
  };
}

async function readTypes(
  { mysql, client }: Sources,
  sale: MarketSale,
  { state, orders }: { state: SaleState; orders: OrderTruth[] },
): Promise<TypeTruth[]> {
  const rows = await rowsOf(
    mysql,
    `SELECT t.id, t.capacity, t.sold,
       (SELECT COALESCE(SUM(m.quantity), 0) FROM stock_movements m
         WHERE m.sale_id = t.sale_id AND m.ticket_type_id = t.id AND m.kind = 'sale') AS ledgerSold,
       (SELECT COALESCE(SUM(m.quantity), 0) FROM stock_movements m
         WHERE m.sale_id = t.sale_id AND m.ticket_type_id = t.id AND m.kind = 'capacity') AS ledgerCapacity
     FROM ticket_types t WHERE t.sale_id = ?`,
    sale.saleId,
  );
  const stock = await client.ask({
    ...{ method: 'GET', path: `/admin/sales/${sale.saleId}/stock`, caller: 'checker', scope: 'admin', server: 0 },
  });
  const told = (stock.body?.['ticketTypes'] ?? []) as (TypeTruth['told'] & { ticketTypeId: string })[];
  return sale.ticketTypes.map(({ ticketTypeId, priceMinor, capacity }) => {
    const row = rows.find(({ id }) => id === ticketTypeId);
    const count = (name: string) => Number(state.sale.get(`${name}:${ticketTypeId}`));
    const ordered = orders
      .flatMap((order) => order.lines)
      .reduce((sum, line) => sum + (line.ticketTypeId === ticketTypeId ? line.quantity : 0), 0);
    const number = (name: string) => Number(row?.[name]);
    const toldOf = told.find((it) => it.ticketTypeId === ticketTypeId);
    if (!toldOf) throw new Error(`the stock of ${sale.saleId} cannot be read: ${stock.status ?? stock.reason}`);
    return {
      ...{ ticketTypeId, priceMinor, capacityAtStart: capacity, told: toldOf },
      redis: {
        ...{ capacity: count('capacity'), available: count('available'), held: count('held'), sold: count('sold') },
      },
      mysql: {
        ...{ capacity: number('capacity'), sold: number('sold'), ordered },
        ...{ ledgerSold: -number('ledgerSold'), ledgerCapacity: number('ledgerCapacity') },
      },
    };
  });
}

async function readOrders(mysql: Connection, saleId: string): Promise<OrderTruth[]> {
  const rows = await rowsOf(
    mysql,
    `SELECT o.id AS orderId, o.hold_id AS holdId, CAST(o.buyer_id AS CHAR) AS buyerId, o.total_minor AS totalMinor,
       l.ticket_type_id AS ticketTypeId, l.quantity
     FROM orders o LEFT JOIN order_lines l ON l.order_id = o.id WHERE o.sale_id = ? ORDER BY o.id, l.ticket_type_id`,
    saleId,
  );
  const orders = new Map<string, OrderTruth>();
  for (const { orderId, holdId, buyerId, totalMinor, ticketTypeId, quantity } of rows) {
    const order: OrderTruth = orders.get(orderId) ?? { orderId, holdId, buyerId, totalMinor, lines: [] };
    if (ticketTypeId !== null) order.lines.push({ ticketTypeId, quantity });
    orders.set(orderId, order);
  }
  return [...orders.values()];
}

/** Reads what both stores say of a campaign. */
export async function readCampaignTruth(
  { redis, mysql }: Sources,
  campaign: { campaignId: string; quantity: number },
): Promise<CampaignTruth> {
  const rows = await rowsOf(
    mysql,
    'SELECT id AS couponId, CAST(buyer_id AS CHAR) AS buyerId FROM coupons WHERE campaign_id = ?',
    campaign.campaignId,
  );
  const hash = await redis.client.hgetall(campaignKeys(redis.keyPrefix, campaign.campaignId).coupons);
  const inRedis = Object.entries(hash)
    .filter(([buyerId]) => buyerId !== '')
    .map(([buyerId, packed]) => ({ buyerId, couponId: unpackCoupon(packed).couponId }));
  return { ...campaign, rows: rows as CampaignTruth['rows'], inRedis };
}

async function rowsOf(mysql: Connection, sql: string, id: string): Promise<RowDataPacket[]> {
  const [rows] = await mysql.query<RowDataPacket[]>(sql, [id]);
  return rows;
}

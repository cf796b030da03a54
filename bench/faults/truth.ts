import type { Line } from './history.ts';

/** What both stores say of one sale at rest. */
export type SaleTruth = {
  saleId: string;
  buyerTicketsMax: number;
  types: TypeTruth[];
  holds: { holdId: string; buyerId: string; status: string }[];
  outcomes: { holdId: string; outcome: 'sold' | 'void'; orderId: string | null }[];
  orders: OrderTruth[];
  /** Tickets per buyer, as Redis counts them against the limit. */
  boughtInRedis: { buyerId: string; held: number; bought: number }[];
  /** What is wrong within Redis itself: counts, buyers and indexes against its holds; null when nothing is. */
  lawBroken: string | null;
};

/** One ticket type. `ordered` and the ledger are sums over rows. */
export type TypeTruth = {
  ticketTypeId: string;
  priceMinor: number;
  capacityAtStart: number;
  redis: { capacity: number; available: number; held: number; sold: number };
  mysql: { capacity: number; sold: number; ordered: number; ledgerSold: number; ledgerCapacity: number };
  /** As `GET /admin/sales/:saleId/stock` tells it. */
  told: { capacity: number; available: number; held: number; sold: number; soldInMysql: number; balanced: boolean };
};

export type OrderTruth = { orderId: string; holdId: string; buyerId: string; totalMinor: number; lines: Line[] };

/** What both stores say of the coupons at rest. */
export type CampaignTruth = {
  campaignId: string;
  quantity: number;
  rows: { couponId: string; buyerId: string }[];
  inRedis: { couponId: string; buyerId: string }[];
};

/** Something that must not be. */
export type Violation = {
  rule: string;
  text: string;
  /** Whose history tells how it came. */
  about: { holdId?: string; buyerId?: string; subject?: string };
};

/** Tickets in all. */
export function unitsOf(lines: readonly Line[]): number {
  return lines.reduce((sum, line) => sum + line.quantity, 0);
}

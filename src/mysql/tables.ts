import type { Generated, Transaction } from 'kysely';

/** Ids are ASCII text, `Buffer` columns are opaque bytes (see codec.ts), times are Unix milliseconds. */
export type Tables = {
  sales: SalesTable;
  ticket_types: TicketTypesTable;
  hold_outcomes: HoldOutcomesTable;
  orders: OrdersTable;
  order_lines: OrderLinesTable;
  stock_movements: StockMovementsTable;
  outbox_events: OutboxEventsTable;
  coupon_campaigns: CouponCampaignsTable;
  coupons: CouponsTable;
  coupon_dead_letters: CouponDeadLettersTable;
  admin_audit: AdminAuditTable;
  admin_requests: AdminRequestsTable;
};

/** A handle that is inside a transaction: only `transact` makes one. */
export type Trx = Transaction<Tables>;

export type SalesTable = {
  id: string;
  title: string;
  currency: string;
  opens_at_ms: number;
  closes_at_ms: number | null;
  hold_ttl_ms: number;
  buyer_tickets_max: number;
  order_tickets_max: number | null;
  paused: number;
  closed_at_ms: number | null;
  settled_at_ms: number | null;
  epoch: number;
  version: number;
  created_at_ms: number;
};

export type TicketTypesTable = {
  sale_id: string;
  id: string;
  position: number;
  name: string;
  price_minor: number;
  capacity: number;
  sold: number;
  epoch: number;
};

export type HoldOutcomesTable = {
  hold_id: string;
  sale_id: string;
  outcome: 'sold' | 'void';
  order_id: string | null;
  created_at_ms: number;
};

export type OrdersTable = {
  id: string;
  hold_id: string;
  sale_id: string;
  buyer_id: Buffer;
  total_minor: number;
  currency: string;
  created_at_ms: number;
};

export type OrderLinesTable = { order_id: string; ticket_type_id: string; quantity: number; price_minor: number };

export type StockMovementsTable = {
  id: Generated<number>;
  sale_id: string;
  ticket_type_id: string;
  kind: 'sale' | 'capacity';
  quantity: number;
  reference: string;
  created_at_ms: number;
};

export type OutboxEventsTable = {
  id: Generated<number>;
  event_id: string;
  type: string;
  subject: string;
  payload: string;
  created_at_ms: number;
  published_at_ms: number | null;
};

export type CouponCampaignsTable = {
  id: string;
  title: string;
  quantity: number;
  opens_at_ms: number;
  closes_at_ms: number | null;
  discount_kind: 'amount' | 'percent';
  discount_value: number;
  epoch: number;
  version: number;
  created_at_ms: number;
};

export type CouponsTable = { id: string; campaign_id: string; buyer_id: Buffer; issued_at_ms: number };

export type CouponDeadLettersTable = {
  entry_id: string;
  campaign_id: string;
  payload: string;
  error: string;
  tries: number;
  created_at_ms: number;
};

export type AdminAuditTable = {
  id: Generated<number>;
  actor_id: Buffer;
  action: string;
  sale_id: string | null;
  reason: string | null;
  before_json: string;
  after_json: string;
  request_id: string;
  created_at_ms: number;
};

export type AdminRequestsTable = {
  actor_id: Buffer;
  idempotency_key: Buffer;
  request_hash: string;
  response: string | null;
  created_at_ms: number;
};

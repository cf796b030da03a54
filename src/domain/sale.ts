/** Interchangeable tickets of one sale with one price. */
export type TicketType = { ticketTypeId: string; name: string; priceMinor: number; capacity: number };

/** What an admin may set of a sale; all times are Unix milliseconds, prices are minor units of `currency`. */
export type SaleSettings = {
  title: string;
  opensAtMs: number;
  closesAtMs: number | null;
  holdTtlMs: number;
  buyerTicketsMax: number;
  orderTicketsMax: number | null;
};

/** One on-sale of an event: its window, its rules and its ticket types. */
export type Sale = SaleSettings & {
  saleId: string;
  currency: string;
  paused: boolean;
  closedAtMs: number | null;
  ticketTypes: TicketType[];
  createdAtMs: number;
};

export type SaleStatus = 'scheduled' | 'open' | 'paused' | 'closed';

/** The status that buyers see at `nowMs`; closing wins over everything, a sale not yet open is scheduled even when paused. */
export function saleStatus(
  sale: Pick<Sale, 'opensAtMs' | 'closesAtMs' | 'paused' | 'closedAtMs'>,
  nowMs: number,
): SaleStatus {
  if (sale.closedAtMs !== null || (sale.closesAtMs !== null && nowMs >= sale.closesAtMs)) return 'closed';
  if (nowMs < sale.opensAtMs) return 'scheduled';
  return sale.paused ? 'paused' : 'open';
}

/** The three places where a ticket can be. Available may stand below zero for a moment; buyers then see 0. */
export type StockCounts = { available: number; held: number; sold: number };

/** Stock of one ticket type in Redis. `capacity = available + held + sold` is the conservation law. */
export type TicketTypeStock = StockCounts & { ticketTypeId: string; capacity: number };

/** A sale as buyers see it. */
export type PublicSale = Sale & {
  status: SaleStatus;
  serverTimeMs: number;
  stock: TicketTypeStock[];
};

/** Stock of one ticket type in both stores; `balanced` when the conservation law holds and both agree on sold and capacity. */
export type StockRow = TicketTypeStock & { soldInMysql: number; capacityInMysql: number; balanced: boolean };

export type ResyncRow = { ticketTypeId: string; before: StockCounts; after: StockCounts; drift: number };

/** Who does an admin operation and why; `reason` goes to the audit. `idempotencyKey` makes a repeat answer as the first did. */
export type AdminAction = { actorId: string; requestId: string; idempotencyKey?: string | undefined };

export type CreateSaleOutcome = { status: 'created'; sale: Sale } | { status: 'sale_exists' };
export type UpdateSaleOutcome =
  | { status: 'updated'; sale: Sale }
  | { status: 'sale_not_found' }
  | { status: 'invalid_window' };
export type SwitchSaleOutcome =
  | { status: 'switched'; sale: Sale }
  | { status: 'sale_not_found' }
  | { status: 'sale_closed' };
export type CapacityOutcome =
  | {
      status: 'changed';
      ticketTypeId: string;
      before: { capacity: number };
      after: { capacity: number };
    }
  | { status: 'sale_not_found' }
  | { status: 'ticket_type_not_found'; ticketTypeIds: string[] }
  /** The decrease asks for more than is available now; `available` says how much could be taken. */
  | { status: 'capacity_in_use'; available: number }
  | { status: 'capacity_too_large'; capacityMax: number };
export type ResyncOutcome =
  | { status: 'resynced'; applied: boolean; ticketTypes: ResyncRow[] }
  | { status: 'sale_not_found' }
  | { status: 'resync_conflict' };

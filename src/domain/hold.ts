/** One line of a hold or order: some tickets of one type. */
export type Line = { ticketTypeId: string; quantity: number };

/** A line with the price that was promised when the hold was placed. */
export type PricedLine = Line & { priceMinor: number };

export type HoldStatus = 'held' | 'confirming' | 'sold' | 'released' | 'expired';

/** A buyer's claim as Redis keeps it. `expiresAtMs` is the promise in the token; `deadlineMs` may be later by grace. */
export type Hold = {
  holdId: string;
  saleId: string;
  buyerId: string;
  status: HoldStatus;
  lines: Line[];
  placedAtMs: number;
  expiresAtMs: number;
  deadlineMs: number;
};

/** What the signed token of a hold says. */
export type Receipt = {
  saleId: string;
  holdId: string;
  buyerId: string;
  lines: PricedLine[];
  currency: string;
  placedAtMs: number;
  expiresAtMs: number;
};

/** A hold with its token, as its buyer gets it. */
export type HeldTicket = {
  holdId: string;
  saleId: string;
  token: string;
  placedAtMs: number;
  expiresAtMs: number;
  lines: PricedLine[];
  totalMinor: number;
  currency: string;
};

export type ReserveOutcome =
  | { status: 'held'; hold: HeldTicket; replayed: boolean }
  | { status: 'sale_not_found' }
  | { status: 'sale_not_open'; opensAtMs: number }
  | { status: 'sale_closed' }
  | { status: 'sale_paused' }
  | { status: 'ticket_type_not_found'; ticketTypeIds: string[] }
  /** `scope` says which limit: of one order (`orderTicketsMax`) or of the buyer over the whole sale (`buyerTicketsMax`). */
  | { status: 'limit_reached'; scope: 'order' | 'buyer'; limit: number; held: number; bought: number }
  | { status: 'sold_out'; ticketTypeIds: string[] }
  | { status: 'all_held'; ticketTypeIds: string[]; retryAfterMs: number }
  | { status: 'hold_expired' }
  | { status: 'hold_released' }
  | { status: 'idempotency_mismatch' };

export type ReleaseOutcome =
  | { status: 'released'; holdId: string; replayed: boolean }
  | { status: 'invalid_token' }
  | { status: 'not_your_hold' }
  | { status: 'already_confirmed'; orderId: string }
  | { status: 'confirm_in_progress'; retryAfterMs: number }
  | { status: 'hold_expired' };

/** A hold as its own buyer reads it; `token` is there while it is live, `orderId` once it is sold. */
export type OwnHold = Omit<HeldTicket, 'token'> & { status: HoldStatus; token: string | null; orderId: string | null };
export type OwnHoldOutcome = { status: 'found'; hold: OwnHold; serverTimeMs: number } | { status: 'hold_not_found' };

/** A hold as admins see it: what each store says of it, side by side. */
export type AdminHold = {
  holdId: string;
  redis: Hold | null;
  mysql: { outcome: 'sold' | 'void'; orderId: string | null; createdAtMs: number; saleId: string } | null;
};

/** Sums quantity × price; integers in minor units. */
export function totalMinor(lines: readonly PricedLine[]): number {
  return lines.reduce((sum, line) => sum + line.quantity * line.priceMinor, 0);
}

/** The one order in which lines are stored, compared and signed. */
export function canonicalLines<T extends Line>(lines: readonly T[]): T[] {
  return [...lines].sort((a, b) => (a.ticketTypeId < b.ticketTypeId ? -1 : 1));
}

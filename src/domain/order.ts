import type { PricedLine } from './hold.ts';

/** The durable result of a confirmed hold. Money in minor units of `currency`. */
export type Order = {
  orderId: string;
  holdId: string;
  saleId: string;
  buyerId: string;
  status: 'confirmed';
  lines: PricedLine[];
  totalMinor: number;
  currency: string;
  createdAtMs: number;
};

export type ConfirmOutcome =
  | { status: 'confirmed'; order: Order; replayed: boolean }
  | { status: 'invalid_token' }
  | { status: 'not_your_hold' }
  | { status: 'hold_expired' }
  | { status: 'hold_released' }
  | { status: 'sold_out'; ticketTypeIds: string[] }
  | { status: 'limit_reached'; scope: 'order' | 'buyer'; limit: number; held: number; bought: number };

/** A page, newest first; `nextCursor` is null on the last one. */
export type Page<T> = { items: T[]; nextCursor: string | null };

/** What a confirm has to make durable, decided before MySQL is touched. */
export type OrderDraft = {
  orderId: string;
  holdId: string;
  saleId: string;
  epoch: number;
  buyerId: string;
  lines: PricedLine[];
  totalMinor: number;
  currency: string;
};

/** What MySQL decided about one draft: the judge's word. */
export type CommitOutcome =
  /** Committed by this very draft. */
  | { status: 'sold'; createdAtMs: number }
  /** This hold already had an order. */
  | { status: 'already_sold'; orderId: string }
  /** Recovery or the capacity guard decided against the hold for ever. */
  | { status: 'void' }
  /** The sale was rebuilt since begin: nothing was written. */
  | { status: 'fenced' }
  /** MySQL's own capacity guard refused this draft alone; `void` is now recorded for the hold. */
  | { status: 'refused' }
  /** Nothing was written, definitely; the cause is kept. */
  | { status: 'failed'; cause: unknown }
  /** COMMIT was sent and never answered, also after repeats: only what MySQL has written about the hold can tell. */
  | { status: 'unknown'; cause: unknown };

import type { AuditEntry, Health } from '../domain/audit.ts';
import type {
  Coupon,
  CouponCampaign,
  CreateCampaignOutcome,
  IssueCouponOutcome,
} from '../domain/coupon.ts';
import type {
  AdminHold,
  HoldStatus,
  Hold,
  Line,
  OwnHold,
  OwnHoldOutcome,
  ReleaseOutcome,
  ReserveOutcome,
} from '../domain/hold.ts';
import type { ConfirmOutcome, Order, Page } from '../domain/order.ts';
import type {
  AdminAction,
  CapacityOutcome,
  CreateSaleOutcome,
  PublicSale,
  ResyncOutcome,
  Sale,
  SaleSettings,
  StockRow,
  SwitchSaleOutcome,
  UpdateSaleOutcome,
} from '../domain/sale.ts';

/**
 * Everything the engine does, for its thin edges. Every call may throw UnavailableError (a store was away: safe to repeat)
 * or RequestError (`idempotency_mismatch` on admin calls); everything else is a returned outcome.
 */
export type Engine = {
  /** `idempotencyKey` makes it safe to retry; without one a repeated call is a second hold. */
  reserve(input: {
    buyerId: string;
    saleId: string;
    lines: Line[];
    idempotencyKey?: string | undefined;
  }): Promise<ReserveOutcome>;
  /** Safe to retry: one hold gives one order, whatever happens. */
  confirm(input: { buyerId: string; token: string }): Promise<ConfirmOutcome>;
  /** Safe to retry. */
  release(input: { buyerId: string; token: string }): Promise<ReleaseOutcome>;
  holds: {
    /** The buyer's live holds with their tokens, of one sale or of all. */
    listOwn(input: { buyerId: string; saleId?: string | undefined }): Promise<{ items: OwnHold[]; serverTimeMs: number }>;
    getOwn(input: { buyerId: string; holdId: string }): Promise<OwnHoldOutcome>;
    /** Holds of a sale that Redis knows, live and recently ended; null when there is no such sale. `cursor` is opaque. */
    list(input: {
      saleId: string;
      buyerId?: string | undefined;
      status?: HoldStatus | undefined;
      limit: number;
      cursor?: string | undefined;
    }): Promise<Page<Hold> | null>;
    /** What each store says of a hold; null when neither knows it. */
    get(input: { holdId: string }): Promise<AdminHold | null>;
    /** Gives a live hold back on an admin's word; audited. */
    release(
      input: AdminAction & { holdId: string; reason: string },
    ): Promise<ReleaseOutcome | { status: 'hold_not_found' }>;
  };
  orders: {
    listOwn(input: { buyerId: string; limit: number; cursor?: string | undefined }): Promise<Page<Order>>;
    getOwn(input: { buyerId: string; orderId: string }): Promise<Order | null>;
    list(input: {
      saleId?: string | undefined;
      buyerId?: string | undefined;
      limit: number;
      cursor?: string | undefined;
    }): Promise<Page<Order>>;
  };
  sales: {
    /** Sales that are not settled, newest first, with stock as buyers may see it; at most a second old. */
    listPublic(): Promise<PublicSale[]>;
    getPublic(saleId: string): Promise<PublicSale | null>;
    list(input: { limit: number; cursor?: string | undefined }): Promise<Page<Sale>>;
    get(saleId: string): Promise<Sale | null>;
    create(
      input: AdminAction & { sale: Omit<Sale, 'paused' | 'closedAtMs' | 'createdAtMs'> },
    ): Promise<CreateSaleOutcome>;
    update(input: AdminAction & { saleId: string; changes: Partial<SaleSettings> }): Promise<UpdateSaleOutcome>;
    /** Pause and resume may be repeated; close is for ever and may be repeated. */
    switch(
      input: AdminAction & { saleId: string; to: 'paused' | 'resumed' | 'closed'; reason: string },
    ): Promise<SwitchSaleOutcome>;
    stock(saleId: string): Promise<StockRow[] | null>;
    changeCapacity(
      input: AdminAction & { saleId: string; ticketTypeId: string; delta: number; reason: string },
    ): Promise<CapacityOutcome>;
    resync(input: AdminAction & { saleId: string; dryRun: boolean; reason: string }): Promise<ResyncOutcome>;
  };
  audit: {
    list(input: { saleId?: string | undefined; limit: number; cursor?: string | undefined }): Promise<Page<AuditEntry>>;
  };
  coupons: {
    createCampaign(
      input: AdminAction & { campaign: Omit<CouponCampaign, 'createdAtMs'> },
    ): Promise<CreateCampaignOutcome>;
    /** Safe to retry: a repeat answers `already_issued` with the same coupon. */
    issue(input: { buyerId: string; campaignId: string }): Promise<IssueCouponOutcome>;
    listOwn(input: { buyerId: string; limit: number; cursor?: string | undefined }): Promise<Page<Coupon>>;
  };
  /** Asks both stores, bounded in time; never throws. */
  health(): Promise<Health>;
  /** Ends timers and connections after what is under way. */
  close(): Promise<void>;
};

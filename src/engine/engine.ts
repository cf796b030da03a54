import type { Registry } from 'prom-client';
import type { Config } from '../config.ts';
import type { AuditEntry, Health } from '../domain/audit.ts';
import type { Coupon, CouponCampaign, CreateCampaignOutcome, IssueCouponOutcome } from '../domain/coupon.ts';
import type { Decision } from '../domain/decision.ts';
import type { SaleAudit } from '../domain/drift.ts';
import type {
  AdminHold,
  Hold,
  HoldStatus,
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
import type { Log } from '../log.ts';
import { forgetAdminRequests } from '../mysql/admin-requests.ts';
import { listAudit } from '../mysql/audit.ts';
import { listOrders, orderById } from '../mysql/orders.ts';
import { findSale, listSales, type SaleRow } from '../mysql/sales.ts';
import { type Auditor, createAuditor } from './auditor.ts';
import { changeCapacity } from './capacity.ts';
import { createConfirm } from './confirm.ts';
import { type Context, closeContext, openContext } from './context.ts';
import { type CouponConsumer, startCouponConsumer } from './coupon-consumer.ts';
import { createCoupons } from './coupons.ts';
import { type DecisionsInput, listDecisions, type ReplayedStock, replayStock } from './decisions.ts';
import { health } from './health.ts';
import { adminRelease, getHold, getOwnHold, listHolds, listOwnHolds } from './holds.ts';
import type { EngineMetrics } from './metrics.ts';
import { createPublicSales } from './public-sales.ts';
import { waitUntilUsable } from './ready.ts';
import { reconcileSale } from './reconcile.ts';
import { recoverSale } from './recovery.ts';
import { release } from './release.ts';
import { reserve } from './reserve.ts';
import { resync } from './resync.ts';
import { createSale, stockOf, switchSale, updateSale } from './sales.ts';
import { expireBucket, forgetEnded, sweepSale } from './sweep.ts';

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
    listOwn(input: {
      buyerId: string;
      saleId?: string | undefined;
    }): Promise<{ items: OwnHold[]; serverTimeMs: number }>;
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
    /** What the scripts decided, newest first, from a log of bounded length; null when there is no such sale. */
    decisions(input: DecisionsInput): Promise<Page<Decision> | null>;
    /** Stock as the decisions make it, and where something else has changed it; null when there is no such sale. */
    replayStock(saleId: string): Promise<ReplayedStock | null>;
    /** Compares both stores and explains what differs; changes nothing. Null when there is no such sale. */
    audit(saleId: string): Promise<SaleAudit | null>;
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
  /** What workers do; every call is safe to repeat and to race, and throws UnavailableError when a store is away. */
  work: {
    /** Sales that may have live holds. */
    unsettled(): Promise<SaleRow[]>;
    expireBucket(bucket: { saleId: string; bucketEndMs: number }): Promise<{ againInMs: number | null }>;
    sweepSale(saleId: string): Promise<void>;
    forgetEnded(saleId: string): Promise<void>;
    recoverSale(saleId: string): Promise<void>;
    reconcileSale(sale: SaleRow): Promise<void>;
    /** Compares these sales between both stores, and mends what is safe to mend. */
    auditSales(saleIds: readonly string[]): Promise<void>;
    /** Deletes remembered answers of admin calls whose 24 hours are over, and says how many. */
    forgetAdminRequests(): Promise<number>;
    startCouponConsumer(): CouponConsumer;
  };
  metrics: EngineMetrics;
  /** Asks both stores, bounded in time; never throws. */
  health(): Promise<Health>;
  /** Ends connections after what is under way. */
  close(): Promise<void>;
};

export type EngineDeps = {
  log: Log;
  registry: Registry;
  /** Unix milliseconds for every script: for tests and simulation, refused in production. */
  clock?: (() => number) | undefined;
};

const FORGET_ROWS_MAX = 500;
const FORGET_BATCHES_MAX = 200;

/**
 * Opens the engine on its stores. Throws Error when a store refuses us, Redis would evict keys or migrations are missing, and
 * UnavailableError when a store does not answer within `startWaitMs`; each names the store and the reason.
 */
export async function createEngine(config: Config, deps: EngineDeps): Promise<Engine> {
  if (deps.clock && config.environment === 'production') throw new Error('a production engine takes no clock');
  const context = openContext(config, deps);
  try {
    await waitUntilUsable(context);
  } catch (error) {
    await closeContext(context);
    throw error;
  }
  return bind(context);
}

function bind(context: Context): Engine {
  const sales = createPublicSales(context);
  const coupons = createCoupons(context);
  const auditor = createAuditor(context);
  const changed =
    <I extends { saleId?: string; sale?: { saleId: string } }, O>(
      operation: (context: Context, input: I) => Promise<O>,
    ) =>
    async (input: I) => {
      try {
        return await operation(context, input);
      } finally {
        const saleId = input.saleId ?? input.sale?.saleId ?? '';
        sales.forget(saleId);
        context.shortages.forget(saleId);
      }
    };
  return {
    reserve: (input) => reserve(context, input),
    confirm: createConfirm(context),
    release: (input) => release(context, input),
    holds: {
      listOwn: (input) => listOwnHolds(context, input),
      getOwn: (input) => getOwnHold(context, input),
      list: (input) => listHolds(context, input),
      get: (input) => getHold(context, input),
      release: (input) => adminRelease(context, input),
    },
    orders: {
      listOwn: (input) => listOrders(context.mysql.db, input),
      getOwn: ({ buyerId, orderId }) => ownOrder(context, buyerId, orderId),
      list: (input) => listOrders(context.mysql.db, input),
    },
    sales: {
      listPublic: sales.listPublic,
      getPublic: sales.getPublic,
      list: (input) => listSales(context.mysql.db, input),
      get: (saleId) => findSale(context.mysql.db, saleId),
      create: changed(createSale),
      update: changed(updateSale),
      switch: changed(switchSale),
      stock: (saleId) => stockOf(context, saleId),
      changeCapacity: changed(changeCapacity),
      resync: changed(resync),
      decisions: (input) => listDecisions(context, input),
      replayStock: (saleId) => replayStock(context, saleId),
      audit: auditor.audit,
    },
    audit: { list: (input) => listAudit(context.mysql.db, input) },
    coupons,
    work: bindWork(context, auditor),
    metrics: context.metrics,
    health: () => health(context),
    async close() {
      await coupons.idle();
      await closeContext(context);
    },
  };
}

function bindWork(context: Context, auditor: Auditor): Engine['work'] {
  const { metrics } = context;
  return {
    unsettled: () => context.catalog.unsettled(),
    async expireBucket(bucket) {
      const { holds, againInMs } = await expireBucket(context, bucket);
      metrics.expired.inc({ path: 'job' }, holds);
      return { againInMs };
    },
    async sweepSale(saleId) {
      metrics.expired.inc({ path: 'sweep' }, await sweepSale(context, saleId));
    },
    async forgetEnded(saleId) {
      await forgetEnded(context, saleId);
    },
    async recoverSale(saleId) {
      metrics.recovered.inc(await recoverSale(context, saleId));
    },
    reconcileSale: (sale) => reconcileSale(context, sale),
    auditSales: auditor.round,
    forgetAdminRequests: () => forgetOldAdminRequests(context),
    startCouponConsumer: () => startCouponConsumer(context, { onDeadLetter: () => metrics.couponDeadLetters.inc() }),
  };
}

/** In batches, so that no statement locks many rows; what a run leaves, the next one takes. */
async function forgetOldAdminRequests({ mysql }: Context): Promise<number> {
  const nowMs = Date.now();
  let forgotten = 0;
  for (let batch = 0; batch < FORGET_BATCHES_MAX; batch++) {
    const rows = await forgetAdminRequests(mysql.db, nowMs, FORGET_ROWS_MAX);
    forgotten += rows;
    if (rows < FORGET_ROWS_MAX) break;
  }
  return forgotten;
}

async function ownOrder(context: Context, buyerId: string, orderId: string): Promise<Order | null> {
  const order = await orderById(context.mysql.db, orderId);
  return order?.buyerId === buyerId ? order : null;
}

import { Counter, Gauge, type Registry } from 'prom-client';

/** What the engine counts. No ids of buyers, holds or orders become labels. */
export type EngineMetrics = {
  /** Lapsed holds given back, by the path that was first. */
  expired: Counter<'path'>;
  /** Orphaned confirms decided by recovery. */
  recovered: Counter;
  /** Reserves refused from memory, without asking Redis. */
  refusedFromMemory: Counter;
  /** Rebuilds of a sale from MySQL that were put in place. */
  rebuilt: Counter;
  /** Issued coupons that are not in MySQL yet, as this worker last saw it. */
  couponLag: Gauge;
  /** Coupons that MySQL refused for good; their rows are in coupon_dead_letters. */
  couponDeadLetters: Counter;
  /** Runs of the workers' timers that failed, by timer. */
  timerFailures: Counter<'timer'>;
};

/** Registers the engine's metrics. */
export function createEngineMetrics(registry: Registry): EngineMetrics {
  const registers = [registry];
  return {
    expired: new Counter({
      name: 'onsale_holds_expired_total',
      help: 'Lapsed holds given back, by the path that was first.',
      labelNames: ['path'],
      registers,
    }),
    recovered: new Counter({
      name: 'onsale_confirms_recovered_total',
      help: 'Orphaned confirms decided by recovery.',
      registers,
    }),
    refusedFromMemory: new Counter({
      name: 'onsale_reserves_refused_from_memory_total',
      help: 'Reserves refused for want of stock without asking Redis, which had said so a moment before.',
      registers,
    }),
    rebuilt: new Counter({
      name: 'onsale_sales_rebuilt_total',
      help: 'Sales rebuilt in Redis from MySQL.',
      registers,
    }),
    couponLag: new Gauge({
      name: 'onsale_coupon_lag',
      help: 'Issued coupons that are not in MySQL yet, as this worker last saw it.',
      registers,
    }),
    couponDeadLetters: new Counter({
      name: 'onsale_coupon_dead_letters_total',
      help: 'Coupons that MySQL refused for good.',
      registers,
    }),
    timerFailures: new Counter({
      name: 'onsale_timer_failures_total',
      help: 'Failed runs of the timers in workers.',
      labelNames: ['timer'],
      registers,
    }),
  };
}

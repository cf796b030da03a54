import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

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
} & AuditorMetrics;

type AuditorMetrics = {
  /** Audits of a sale by how they ended; `moving`, `not_counted`, `lost` and `unavailable` were not compared in full. */
  audits: Counter<'status'>;
  /** How long rounds of the auditor took; their number is its count. */
  auditSeconds: Histogram;
  /** Units that differ now between the stores, as this worker last saw it. */
  driftUnits: Gauge<'kind'>;
  /** Units that were found to differ. */
  driftUnitsFound: Counter<'kind'>;
  /** Steps of repairs that changed something. */
  driftRepairs: Counter<'kind'>;
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
    ...createAuditorMetrics(registers),
  };
}

function createAuditorMetrics(registers: Registry[]): AuditorMetrics {
  return {
    audits: new Counter({
      name: 'onsale_audits_total',
      help: 'Comparisons of a sale between Redis and MySQL, by how they ended.',
      labelNames: ['status'],
      registers,
    }),
    auditSeconds: new Histogram({
      name: 'onsale_audit_round_seconds',
      help: 'Rounds of the auditor over up to a hundred sales.',
      buckets: [0.005, 0.02, 0.1, 0.5, 1, 2, 5, 10, 30],
      registers,
    }),
    driftUnits: new Gauge({
      name: 'onsale_drift_units',
      help: 'Units that differ between Redis and MySQL now, as this worker last saw it.',
      labelNames: ['kind'],
      registers,
    }),
    driftUnitsFound: new Counter({
      name: 'onsale_drift_units_found_total',
      help: 'Units that were found to differ between Redis and MySQL.',
      labelNames: ['kind'],
      registers,
    }),
    driftRepairs: new Counter({
      name: 'onsale_drift_repairs_total',
      help: 'Repairs of drift that changed something.',
      labelNames: ['kind'],
      registers,
    }),
  };
}

import { Counter, type Registry } from 'prom-client';

/** What the engine counts. No ids of buyers, holds or orders become labels. */
export type EngineMetrics = {
  /** Lapsed holds given back, by the path that was first. */
  expired: Counter<'path'>;
  /** Orphaned confirms decided by recovery. */
  recovered: Counter;
  /** Rebuilds of a sale from MySQL that were put in place. */
  rebuilt: Counter;
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
    rebuilt: new Counter({
      name: 'onsale_sales_rebuilt_total',
      help: 'Sales rebuilt in Redis from MySQL.',
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

import type { Config } from '../config.ts';
import type { Engine } from '../engine/engine.ts';
import type { Log } from '../log.ts';
import { startExpiryWorker } from '../queue/expiry-queue.ts';
import { startTimer } from './timer.ts';

const HOUR_MS = 3_600_000;

export type JobOptions = { config: Config; log: Log };

/**
 * Starts everything that a worker does: the expiry jobs of BullMQ, and plain timers for what must work when BullMQ's own data
 * is gone. `close` ends all of it after what is under way, as far as the stores are there.
 */
export async function startJobs(engine: Engine, { config, log }: JobOptions): Promise<{ close(): Promise<void> }> {
  const { work } = engine;
  const { sweepEveryMs, recoverEveryMs } = config.hold;
  const onError = (timer: string) => (error: unknown) => {
    engine.metrics.timerFailures.inc({ timer });
    log.debug({ timer, err: error }, 'a timer will try again');
  };
  const perSale = (timer: string, everyMs: number, run: (saleId: string) => Promise<unknown>) =>
    startTimer({
      everyMs,
      list: async () => (await work.unsettled()).map((sale) => sale.saleId),
      run,
      onError: onError(timer),
    });

  const expiry = startExpiryWorker(
    { ...config.redis, closeMaxMs: config.http.shutdownGraceMs },
    work.expireBucket,
    onError('expiry-jobs'),
  );
  const coupons = work.startCouponConsumer();
  const timers = [
    ...auditTimers(engine, { everyMs: config.auditor.everyMs, onError: onError('audit') }),
    perSale('sweep', sweepEveryMs, work.sweepSale),
    perSale('recover', recoverEveryMs, work.recoverSale),
    perSale('forget', 10 * sweepEveryMs, work.forgetEnded),
    startTimer({
      everyMs: config.catalogEveryMs,
      list: work.unsettled,
      run: work.reconcileSale,
      onError: onError('reconcile'),
    }),
    startTimer({
      everyMs: config.catalogEveryMs,
      list: async () => [coupons],
      run: async ({ lag }) => engine.metrics.couponLag.set(await lag()),
      onError: onError('coupon-lag'),
    }),
    startTimer({
      everyMs: HOUR_MS,
      list: async () => [work.forgetAdminRequests],
      run: (forget) => forget(),
      onError: onError('forget-admin-requests'),
    }),
  ];
  return {
    async close() {
      await Promise.all([expiry.close(), coupons.stop(), ...timers.map((timer) => timer.stop())]);
    },
  };
}

/**
 * The auditor's rounds. A plain timer and no job of BullMQ: it has to find what is missing when Redis, and with it BullMQ's own
 * data, has lost something. Every worker has one; a claim per sale keeps them from auditing the same sale in one round.
 */
function auditTimers(
  { work }: Engine,
  { everyMs, onError }: { everyMs: number; onError: (error: unknown) => void },
): { stop(): Promise<void> }[] {
  if (everyMs === 0) return [];
  const list = async () => [(await work.unsettled()).map((sale) => sale.saleId)];
  return [startTimer({ everyMs, list, run: work.auditSales, onError })];
}

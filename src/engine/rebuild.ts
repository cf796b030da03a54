import type { Config } from '../config.ts';
import { SaleLostError, UnavailableError } from '../domain/errors.ts';
import type { Log } from '../log.ts';
import type { Mysql } from '../mysql/connection.ts';
import { findSale, firstEpoch, lockSale, type SaleRow } from '../mysql/sales.ts';
import { transact } from '../mysql/transact.ts';
import type { Redis } from '../redis/connection.ts';
import { installSale } from '../redis/install-sale.ts';
import { readSale } from '../redis/read-sale.ts';
import { claimRebuild, dropStage, endRebuild, renewRebuild, type Stage, stageSale } from '../redis/stage-sale.ts';
import { suspendSale } from '../redis/suspend-sale.ts';
import type { EngineMetrics } from './metrics.ts';
import { stageOldHolds } from './rebuild-holds.ts';
import { stagePast } from './rebuild-past.ts';
import { createRebuildRuns, type RebuildRuns } from './rebuild-runs.ts';
import { jitter } from './sleep.ts';

export type RebuildDeps = { config: Config; log: Log; redis: Redis; mysql: Mysql; metrics: EngineMetrics };

export type Rebuilder = RebuildRuns & {
  /** For `catch`: starts the rebuild that a lost sale needs, and throws on whatever it was given. */
  orThrow(error: unknown): never;
};

/** A claim lapses so soon after its process has died: well within the time that a confirm has. A living one renews it. */
const CLAIM_MS = 1000;
const ATTEMPTS_MAX = 40;

/** Makes the rebuilder of this process: it brings back sales that Redis lost, or has at an older epoch than MySQL. */
export function createRebuilder(deps: RebuildDeps): Rebuilder {
  const runs = createRebuildRuns(deps.log, (saleId) => rebuild(deps, saleId));
  return {
    ...runs,
    orThrow(error) {
      if (error instanceof SaleLostError) runs.start(error.saleId);
      throw error;
    },
  };
}

async function rebuild(deps: RebuildDeps, saleId: string): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const [inMysql, inRedis] = await Promise.all([findSale(deps.mysql.db, saleId), readSale(deps.redis, saleId)]);
    if (!inMysql || (inRedis?.intact && inRedis.epoch >= inMysql.epoch)) return;
    if (await claimRebuild(deps.redis, saleId, CLAIM_MS)) {
      // Whatever was installed, the epoch is compared again at the top: it may have moved meanwhile.
      await underClaim(deps, saleId);
    } else await jitter();
  }
  throw new UnavailableError(`sale ${saleId} could not be rebuilt yet`);
}

async function underClaim(deps: RebuildDeps, saleId: string): Promise<void> {
  const lapses = () => deps.log.debug({ saleId }, 'the claim of a rebuild will lapse');
  const renewing = setInterval(() => {
    renewRebuild(deps.redis, saleId, CLAIM_MS).catch(lapses);
  }, CLAIM_MS / 3);
  try {
    await rebuildOnce(deps, saleId);
  } finally {
    clearInterval(renewing);
    await endRebuild(deps.redis, saleId).catch(lapses);
  }
}

/**
 * MySQL first: the new epoch is committed together with what was read under it, so that nothing of an older epoch can commit
 * any more. Then Redis: the old sale is stopped, its live holds are carried over, and one script puts all of it in place.
 */
async function rebuildOnce(deps: RebuildDeps, saleId: string): Promise<void> {
  const startedAt = performance.now();
  const past = await stagePast(deps, saleId);
  if (!past) return;
  const { stage, sale } = past;
  const suspended = await suspendSale(deps.redis, { saleId, newEpoch: stage.epoch });
  if (suspended.status === 'newer') return dropStage(deps.redis, stage);
  const oldEpoch = suspended.status === 'suspended' ? suspended.epoch : null;
  // Also when the sale itself is missing: no script writes without it, so holds that survived it stand still as well.
  const old = await stageOldHolds(deps, { saleId, stage });
  await stageSale(deps.redis, stage, { sale, held: old.held, decisionsMax: deps.config.decisionsMax });
  const installed = await install(deps, { stage, sale, oldEpoch });
  if (installed) deps.metrics.rebuilt.inc();
  // The first installation of a new sale is no event; any later one is.
  const level = stage.epoch === firstEpoch(sale) + 1 ? 'debug' : 'warn';
  deps.log[level](
    {
      saleId,
      epoch: stage.epoch,
      oldEpoch,
      keptHolds: old.holds,
      installed,
      ms: Math.round(performance.now() - startedAt),
    },
    'sale rebuilt from MySQL',
  );
}

/**
 * Under the row lock no admin operation is between the stores, and only what MySQL still says is put in place: a sale that was
 * paused, changed or rebuilt since it was read is read again.
 */
async function install(
  deps: RebuildDeps,
  { stage, sale, oldEpoch }: { stage: Stage; sale: SaleRow; oldEpoch: number | null },
): Promise<boolean> {
  const { saleId } = sale;
  const installed = await transact(deps.mysql, {}, async (trx) => {
    const current = await lockSale(trx, saleId);
    if (current?.epoch !== stage.epoch || current.version !== sale.version) return false;
    const reply = await installSale(deps.redis, { saleId, staged: stage.keys, oldEpoch, newEpoch: stage.epoch });
    return reply === 'installed';
  });
  if (!installed) await dropStage(deps.redis, stage);
  return installed;
}

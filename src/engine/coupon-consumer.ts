import { hostname } from 'node:os';
import { listCampaigns } from '../mysql/campaigns.ts';
import type { DeadLetter } from '../mysql/coupon-dead-letters.ts';
import { couponLag } from '../redis/coupon-stream.ts';
import type { CouponDeps } from './coupon-deps.ts';
import { type Lane, type LaneDeps, openLane, turnLane } from './coupon-lane.ts';
import { createCampaignRebuilder } from './coupon-rebuild.ts';
import { randomId } from './ids.ts';

/** Writes issued coupons from Redis to MySQL until it is stopped. */
export type CouponConsumer = {
  /** Finishes the batches under way; what is left stays in the stream for the next consumer. May be repeated. */
  stop(): Promise<void>;
  /** Issued coupons of running campaigns that are not in MySQL yet. Throws UnavailableError. */
  lag(): Promise<number>;
};

/** So many campaigns are written at once, so that other work finds a connection to MySQL. */
const LANES_AT_ONCE = 4;
/** Streams of campaigns that ended longer ago were empty once, and nothing comes after the end. */
const RECENTLY_ENDED_MS = 86_400_000;

/**
 * Starts a consumer; run one in every worker, they share the entries of each stream and never double a coupon, for MySQL takes
 * each once. It polls, at most `blockMs` apart when nothing comes, instead of blocking: streams of different campaigns lie in
 * different slots of a cluster, so blocking would take a connection for each, and the answer to a blocking read that was
 * under way at the end would be lost. Never throws; stores that are away are waited for.
 */
export function startCouponConsumer(
  { config, log, redis, mysql }: CouponDeps,
  hooks: { onDeadLetter?: (letter: DeadLetter) => void } = {},
): CouponConsumer {
  const base = { config, log, redis, mysql };
  const rebuilder = createCampaignRebuilder(base);
  const consumer = `${hostname()}-${process.pid}-${randomId()}`;
  const deps: LaneDeps = { ...base, rebuilder, consumer, onDeadLetter: hooks.onDeadLetter ?? (() => undefined) };
  const lanes = new Map<string, Lane>();
  const catalog = { dueMs: 0, endedAfterMs: 0 };
  const state: { stopping: boolean; wake: () => void } = { stopping: false, wake: () => undefined };

  async function run(): Promise<void> {
    while (!state.stopping) {
      if (performance.now() >= catalog.dueMs) await refresh(deps, lanes, catalog);
      const due = [...lanes.values()].filter((lane) => lane.dueMs <= performance.now());
      await eachOf(due, LANES_AT_ONCE, async (lane) => {
        if (!state.stopping) await turnLane(deps, lane);
      });
      await pause(Math.min(catalog.dueMs, ...[...lanes.values()].map((lane) => lane.dueMs)) - performance.now());
    }
    await rebuilder.idle();
  }

  async function pause(forMs: number): Promise<void> {
    if (state.stopping) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, Math.max(forMs, 0));
      state.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  const running = run();
  return {
    async stop() {
      state.stopping = true;
      state.wake();
      await running;
    },
    lag: () => couponLag(redis, [...lanes.keys()]),
  };
}

/** Opens lanes for campaigns that are new here. The first time all that ever were, later those that run or ended lately. */
async function refresh(
  deps: CouponDeps,
  lanes: Map<string, Lane>,
  catalog: { dueMs: number; endedAfterMs: number },
): Promise<void> {
  catalog.dueMs = performance.now() + deps.config.catalogEveryMs;
  try {
    const listed = new Set((await listCampaigns(deps.mysql.db, catalog.endedAfterMs)).map((it) => it.campaignId));
    for (const campaignId of listed) if (!lanes.has(campaignId)) lanes.set(campaignId, openLane(campaignId));
    await closeLanes(deps, lanes, listed);
    catalog.endedAfterMs = Date.now() - RECENTLY_ENDED_MS;
  } catch (error) {
    deps.log.debug({ err: error }, 'the list of coupon campaigns could not be read and will be again');
  }
}

/** Closes the lanes of campaigns that ended long ago, once their streams are empty. */
async function closeLanes(deps: CouponDeps, lanes: Map<string, Lane>, listed: Set<string>): Promise<void> {
  for (const { campaignId, idleMs } of lanes.values()) {
    if (listed.has(campaignId) || idleMs < deps.config.couponConsumer.blockMs) continue;
    if ((await couponLag(deps.redis, [campaignId])) === 0) lanes.delete(campaignId);
  }
}

/** Works through a list with so many at a time. */
async function eachOf<T>(items: T[], atOnce: number, work: (item: T) => Promise<void>): Promise<void> {
  const waiting = [...items];
  const one = async () => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, one));
}

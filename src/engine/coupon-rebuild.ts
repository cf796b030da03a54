import { UnavailableError } from '../domain/errors.ts';
import { bumpCampaignEpoch, type CampaignRow, findCampaign, lockCampaign } from '../mysql/campaigns.ts';
import type { Mysql } from '../mysql/connection.ts';
import { transact } from '../mysql/transact.ts';
import { claimCampaignRebuild, endCampaignRebuild, intactEpoch } from '../redis/coupon-rebuild.ts';
import type { CouponRecord } from '../redis/coupon-record.ts';
import { installCampaign } from '../redis/install-campaign.ts';
import { publishCoupons } from '../redis/publish-coupons.ts';
import { suspendCampaign } from '../redis/suspend-campaign.ts';
import type { CouponDeps } from './coupon-deps.ts';
import { uniteCoupons } from './coupon-sources.ts';
import { createRebuildRuns, type RebuildRuns } from './rebuild-runs.ts';
import { jitter } from './sleep.ts';

export type CampaignRebuilder = RebuildRuns;

/** How long one step of another process's rebuild may take before this process does its own. */
const CLAIM_MS = 3000;
const ATTEMPTS_MAX = 40;
const PUBLISH_MAX = 500;

/** Makes the rebuilder of campaigns of this process. */
export function createCampaignRebuilder(deps: CouponDeps): CampaignRebuilder {
  return createRebuildRuns(deps.log, (campaignId) => rebuild(deps, campaignId));
}

async function rebuild(deps: CouponDeps, campaignId: string): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    if (await isCurrent(deps, campaignId)) return;
    if (await claimCampaignRebuild(deps.redis, campaignId, CLAIM_MS)) {
      try {
        // Asked again, because the rebuild of another process may have ended in between.
        if ((await isCurrent(deps, campaignId)) || (await rebuildOnce(deps, campaignId)) === 'done') return;
      } finally {
        await endCampaignRebuild(deps.redis, campaignId).catch(() =>
          deps.log.debug({ campaignId }, 'the claim of a rebuild will lapse'),
        );
      }
    }
    await jitter();
  }
  throw new UnavailableError(`coupon campaign ${campaignId} could not be rebuilt yet`);
}

/**
 * Whether there is nothing to rebuild. Both stores must agree on the epoch, because consumers write to MySQL only under the
 * epoch that they read under in Redis.
 */
async function isCurrent(deps: CouponDeps, campaignId: string): Promise<boolean> {
  const inRedis = await intactEpoch(deps.redis, campaignId);
  const inMysql = await findCampaign(deps.mysql.db, campaignId);
  return inMysql === null || inRedis === inMysql.epoch;
}

/**
 * MySQL first: from the new epoch on nothing more is written of what was read under an older one, so what is read stands
 * still. Coupons are only ever added, never taken away or changed. So nothing is staged elsewhere: the campaign stops issuing, what
 * any store knows is added in place, under the claim, and the campaign issues again. A crash leaves it stopped and some
 * coupons richer. What only Redis's hash remembers, because the stream was lost, goes into the stream again.
 *
 * A Redis that was flushed forgets every epoch, and takes a claim that a newer rebuild had outrun. So the epochs are compared
 * after the claim: while MySQL's is still ours, nobody can have installed a newer one under which consumers write, and from
 * here on whoever wants to takes the claim away first.
 */
async function rebuildOnce(deps: CouponDeps, campaignId: string): Promise<'done' | 'moved'> {
  const startedAt = performance.now();
  const campaign = await bumpEpoch(deps.mysql, campaignId);
  if (!campaign) return 'done';
  const { epoch } = campaign;
  if ((await suspendCampaign(deps.redis, { campaignId, newEpoch: epoch })) === 'newer') return 'moved';
  if ((await findCampaign(deps.mysql.db, campaignId))?.epoch !== epoch) return 'moved';
  const united = await uniteCoupons(deps, { campaignId, epoch, claimMs: CLAIM_MS });
  if (united === 'moved') return 'moved';
  const { added, unpublished } = united;
  if ((await publishAll(deps, { campaignId, epoch, coupons: unpublished })) === 'moved') return 'moved';
  if ((await installCampaign(deps.redis, { campaign, epoch })) === 'moved') return 'moved';
  const ms = Math.round(performance.now() - startedAt);
  deps.log.warn({ campaignId, epoch, ...added, published: unpublished.length, ms }, 'coupon campaign rebuilt');
  return 'done';
}

async function publishAll(
  { redis }: CouponDeps,
  { coupons, ...claim }: { campaignId: string; epoch: number; coupons: CouponRecord[] },
): Promise<'published' | 'moved'> {
  for (let at = 0; at < coupons.length; at += PUBLISH_MAX) {
    const some = coupons.slice(at, at + PUBLISH_MAX);
    if ((await publishCoupons(redis, { ...claim, coupons: some })) === 'moved') return 'moved';
  }
  return 'published';
}

/** The campaign with its new epoch; null when there is none. The row lock gives each rebuild an epoch of its own. */
async function bumpEpoch(mysql: Mysql, campaignId: string): Promise<CampaignRow | null> {
  return transact(mysql, {}, async (trx) => {
    const campaign = await lockCampaign(trx, campaignId);
    return campaign && { ...campaign, epoch: await bumpCampaignEpoch(trx, campaign) };
  });
}

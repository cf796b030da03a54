import type { Coupon, CouponCampaign, CreateCampaignOutcome, IssueCouponOutcome } from '../domain/coupon.ts';
import { CampaignLostError, RequestError } from '../domain/errors.ts';
import type { Page } from '../domain/order.ts';
import type { AdminAction } from '../domain/sale.ts';
import { insertCampaign } from '../mysql/campaigns.ts';
import { coalesce } from '../redis/coalesce.ts';
import { type IssueReply, type Issuing, issueCoupons } from '../redis/issue-coupons.ts';
import { runAdmin } from './admin.ts';
import type { CouponDeps } from './coupon-deps.ts';
import { type CouponDirectory, createCouponDirectory } from './coupon-directory.ts';
import { isBuyer } from './coupon-entry.ts';
import { listOwnCoupons } from './coupon-list.ts';
import { type CampaignRebuilder, createCampaignRebuilder } from './coupon-rebuild.ts';
import { derivedId } from './ids.ts';

/** First-come coupons. Every call may throw UnavailableError: safe to repeat. */
export type Coupons = {
  /** Safe to retry with an Idempotency-Key, or under a campaignId of the caller's. */
  createCampaign(
    input: AdminAction & { campaign: Omit<CouponCampaign, 'createdAtMs'> },
  ): Promise<CreateCampaignOutcome>;
  /** Safe to retry: a repeat answers `already_issued` with the same coupon. */
  issue(input: { buyerId: string; campaignId: string }): Promise<IssueCouponOutcome>;
  /** Newest first; throws RequestError for a malformed cursor. */
  listOwn(input: { buyerId: string; limit: number; cursor?: string | undefined }): Promise<Page<Coupon>>;
  /** Resolves when no rebuild that a call has started is under way; before the connections are closed. */
  idle(): Promise<void>;
};

/** What the calls share. */
type Parts = CouponDeps & {
  directory: CouponDirectory;
  rebuilder: CampaignRebuilder;
  issueOne: (campaignId: string, item: Issuing) => Promise<IssueReply>;
};

/** Binds the coupon half of the engine to its stores. */
export function createCoupons({ config, log, redis, mysql }: CouponDeps): Coupons {
  const deps = { config, log, redis, mysql };
  const parts: Parts = {
    ...deps,
    directory: createCouponDirectory(mysql, config.catalogEveryMs),
    rebuilder: createCampaignRebuilder(deps),
    issueOne: coalesce<Issuing, IssueReply>({
      run: (campaignId, items) => issueCoupons(redis, { campaignId, items }),
      weigh: () => 1,
      weightMax: config.batch.couponsMax,
    }),
  };
  return {
    createCampaign: (input) => createCampaign(parts, input),
    issue: (input) => issue(parts, input),
    listOwn: (input) => listOwnCoupons(parts, input),
    idle: () => parts.rebuilder.idle(),
  };
}

/** MySQL first, then Redis. When Redis is away the campaign exists all the same, and its first buyer has it installed. */
async function createCampaign(
  parts: Parts,
  input: AdminAction & { campaign: Omit<CouponCampaign, 'createdAtMs'> },
): Promise<CreateCampaignOutcome> {
  const campaign: CouponCampaign = { ...input.campaign, createdAtMs: Date.now() };
  const { campaignId } = campaign;
  const request = ['create-campaign', input.campaign];
  const outcome = await runAdmin<CreateCampaignOutcome>(parts, { ...input, request }, async (trx) => {
    if ((await insertCampaign(trx, campaign)) === 'exists')
      return { outcome: { status: 'campaign_exists' }, audit: null };
    const audit = { action: 'campaign.create', saleId: null, reason: null, before: null, after: campaign };
    return { outcome: { status: 'created', campaign }, audit };
  });
  parts.directory.learn(campaignId);
  if (outcome.status === 'created') {
    await parts.rebuilder.run(campaignId).catch((error: unknown) => {
      parts.log.warn({ campaignId, err: error }, 'a new coupon campaign is not in Redis yet');
    });
  }
  return outcome;
}

/**
 * First match wins: campaign_not_found, already_issued, campaign_not_open, campaign_closed, coupons_exhausted, issued. A winner
 * is told of his coupon whenever he asks. A lost campaign is never "exhausted": UnavailableError while it is rebuilt.
 */
async function issue(
  parts: Parts,
  { buyerId, campaignId }: { buyerId: string; campaignId: string },
): Promise<IssueCouponOutcome> {
  // Refused here, because a coupon that was promised and cannot be stored would end as a dead letter.
  if (!isBuyer(buyerId)) throw new RequestError('invalid_request', 'the buyer id is empty or longer than 255 bytes');
  if (!(await parts.directory.has(campaignId))) return { status: 'campaign_not_found' };
  const couponId = derivedId(parts.config.secrets.couponId, [campaignId, buyerId]);
  try {
    return await parts.issueOne(campaignId, { couponId, buyerId });
  } catch (error) {
    if (error instanceof CampaignLostError) parts.rebuilder.start(campaignId);
    throw error;
  }
}

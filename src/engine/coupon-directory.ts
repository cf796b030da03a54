import { findCampaign, listCampaigns } from '../mysql/campaigns.ts';
import type { Mysql } from '../mysql/connection.ts';
import { createFresh } from './fresh.ts';
import { createLookup } from './lookup.ts';

/** What a process remembers of the campaigns in MySQL: that they exist, which never changes. */
export type CouponDirectory = {
  /** Throws UnavailableError when MySQL has to be asked and is away, or is asked too much already. */
  has(campaignId: string): Promise<boolean>;
  /** Notes a campaign that this process has made. */
  learn(campaignId: string): void;
  /** The newest campaigns that run or ended lately, at most `maxAgeMs` old. */
  recent(): Promise<string[]>;
};

const RECENT_MAX = 500;
const RECENTLY_ENDED_MS = 86_400_000;

/** Makes the directory; reads that are under way are shared. */
export function createCouponDirectory(mysql: Mysql, maxAgeMs: number): CouponDirectory {
  const campaigns = createLookup((campaignId) => findCampaign(mysql.db, campaignId));
  const recent = createFresh(maxAgeMs, async () => {
    const listed = await listCampaigns(mysql.db, Date.now() - RECENTLY_ENDED_MS);
    return listed.slice(0, RECENT_MAX).map((campaign) => campaign.campaignId);
  });
  return {
    has: async (campaignId) => (await campaigns.find(campaignId)) !== null,
    learn(campaignId) {
      campaigns.forget(campaignId);
      recent.forget();
    },
    recent: recent.get,
  };
}

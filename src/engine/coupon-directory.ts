import { LRUCache } from 'lru-cache';
import { UnavailableError } from '../domain/errors.ts';
import { findCampaign, listCampaigns } from '../mysql/campaigns.ts';
import type { Mysql } from '../mysql/connection.ts';

/** What a process remembers of the campaigns in MySQL: that they exist, which never changes. */
export type CouponDirectory = {
  /** Throws UnavailableError when MySQL has to be asked and is away, or is asked too much already. */
  has(campaignId: string): Promise<boolean>;
  /** Notes a campaign that this process has made. */
  learn(campaignId: string): void;
  /** The newest campaigns that run or ended lately, at most `maxAgeMs` old. */
  recent(): Promise<string[]>;
};

const CAMPAIGNS_MAX = 10_000;
const UNKNOWN_TTL_MS = 1000;
const RECENT_MAX = 500;
const RECENTLY_ENDED_MS = 86_400_000;

/** Ids that nobody has seen before cost a query each: so few at once, and so many in line, whoever makes them up. */
const LOOKUPS_AT_ONCE = 2;
const LOOKUPS_WAITING_MAX = 500;

/** Makes the directory; lookups of the same id that are under way are shared. */
export function createCouponDirectory(mysql: Mysql, maxAgeMs: number): CouponDirectory {
  const inTurn = createLine(LOOKUPS_AT_ONCE, LOOKUPS_WAITING_MAX);
  const known = new LRUCache<string, true>({
    ignoreFetchAbort: true,
    max: CAMPAIGNS_MAX,
    fetchMethod: (campaignId) =>
      inTurn(async () => ((await findCampaign(mysql.db, campaignId)) ? (true as const) : undefined)),
  });
  const unknown = new LRUCache<string, true>({ max: CAMPAIGNS_MAX, ttl: UNKNOWN_TTL_MS });
  const lists = new LRUCache<'recent', string[]>({
    ignoreFetchAbort: true,
    max: 1,
    ttl: maxAgeMs,
    fetchMethod: async () => {
      const campaigns = await listCampaigns(mysql.db, Date.now() - RECENTLY_ENDED_MS);
      return campaigns.slice(0, RECENT_MAX).map((campaign) => campaign.campaignId);
    },
  });

  return {
    async has(campaignId) {
      if (known.get(campaignId)) return true;
      if (unknown.has(campaignId)) return false;
      const found = (await known.fetch(campaignId)) === true;
      if (!found) unknown.set(campaignId, true);
      return found;
    },
    learn(campaignId) {
      unknown.delete(campaignId);
      known.set(campaignId, true);
      lists.clear();
    },
    async recent() {
      return (await lists.fetch('recent')) ?? [];
    },
  };
}

/** Runs work in turn, `atOnce` at a time; with `waitingMax` in line already the next one is refused. */
function createLine(atOnce: number, waitingMax: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let free = atOnce;
  return async (work) => {
    if (free > 0) free -= 1;
    else {
      if (waiting.length >= waitingMax) throw new UnavailableError('too many unknown campaigns are asked for');
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
    try {
      return await work();
    } finally {
      // Handed over without becoming free in between, so that nobody jumps the line.
      const next = waiting.shift();
      if (next) next();
      else free += 1;
    }
  };
}

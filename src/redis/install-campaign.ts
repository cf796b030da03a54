import type { CouponCampaign } from '../domain/coupon.ts';
import { campaignKeys } from './coupon-keys.ts';
import { defineScript, unknownWord } from './script.ts';

/** Lets a claimed campaign issue again; `moved` means start over. A repeat answers `moved`. */
export const installCampaign = defineScript<{ campaign: CouponCampaign; epoch: number }, 'moved' | 'installed'>(
  'install-campaign',
  {
    encode: ({ campaign: settings, epoch }, redis, runId) => {
      const { campaign, coupons, stream } = campaignKeys(redis.keyPrefix, settings.campaignId);
      return {
        keys: [campaign, coupons, stream],
        args: [runId, epoch, settings.quantity, settings.opensAtMs, settings.closesAtMs ?? 0],
      };
    },
    decode: ([word]) => {
      switch (word) {
        case 'moved':
        case 'installed':
          return word;
        default:
          return unknownWord('install-campaign', word);
      }
    },
  },
);

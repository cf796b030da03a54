import { COUPON_GROUP, campaignKeys } from './coupon-keys.ts';
import { defineScript, unknownWord } from './script.ts';

/** Stops a campaign that is to be rebuilt to `newEpoch` and claims that rebuild. An older claim is then worth nothing. */
export const suspendCampaign = defineScript<{ campaignId: string; newEpoch: number }, 'newer' | 'suspended'>(
  'suspend-campaign',
  {
    encode: ({ campaignId, newEpoch }, redis, runId) => {
      const { campaign, coupons, stream } = campaignKeys(redis.keyPrefix, campaignId);
      return { keys: [campaign, coupons, stream], args: [runId, newEpoch, COUPON_GROUP] };
    },
    decode: ([word]) => {
      switch (word) {
        case 'newer':
        case 'suspended':
          return word;
        default:
          return unknownWord('suspend-campaign', word);
      }
    },
  },
);

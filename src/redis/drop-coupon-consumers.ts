import { COUPON_GROUP, campaignKeys } from './coupon-keys.ts';
import { defineScript, unknownWord } from './script.ts';

/** Forgets consumers that hold nothing and were silent for `idleMs`; returns how many. Safe to repeat. */
export const dropCouponConsumers = defineScript<{ campaignId: string; idleMs: number }, number>(
  'drop-coupon-consumers',
  {
    encode: ({ campaignId, idleMs }, redis) => ({
      keys: [campaignKeys(redis.keyPrefix, campaignId).stream],
      args: [COUPON_GROUP, idleMs],
    }),
    decode: ([word, consumers]) => {
      switch (word) {
        case 'no_group':
          return 0;
        case 'dropped':
          return consumers as number;
        default:
          return unknownWord('drop-coupon-consumers', word);
      }
    },
  },
);

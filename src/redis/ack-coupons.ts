import { UnavailableError } from '../domain/errors.ts';
import { COUPON_GROUP, campaignKeys } from './coupon-keys.ts';
import { defineScript, unknownWord } from './script.ts';

/**
 * Takes entries out of the stream, once they are in MySQL for good. Safe to repeat. `runId` is the server run that they
 * were read from: after a failover another coupon may stand under the same entry id, so only that run is told.
 */
export const ackCoupons = defineScript<{ campaignId: string; runId: string; entryIds: string[] }, number>(
  'ack-coupons',
  {
    encode: ({ campaignId, runId: readFrom, entryIds }, redis, runId) => {
      if (runId !== readFrom) throw new UnavailableError('the entries were read from another run of Redis');
      const { stream, tries } = campaignKeys(redis.keyPrefix, campaignId);
      return { keys: [stream, tries], args: [COUPON_GROUP, ...entryIds] };
    },
    decode: ([word, deleted]) => {
      switch (word) {
        case 'acked':
          return deleted as number;
        default:
          return unknownWord('ack-coupons', word);
      }
    },
  },
);

import type { JobsOptions } from 'bullmq';

/** Gives back what lapses in one 250 ms bucket of one sale. Runs may be repeated, early, late or lost: the sweep covers them. */
export type ExpireBucket = { saleId: string; bucketEndMs: number };

/** Every job of the engine: its queue, its name, its payload type and how it is retried. Bodies are idempotent. */
export const jobCatalog = {
  expireBucket: {
    queue: 'onsale-expiry',
    name: 'expire-bucket',
    options: {
      attempts: 5,
      backoff: { type: 'exponential', delay: 200 },
      removeOnComplete: true,
      removeOnFail: { count: 1000 },
    },
  },
} as const satisfies Record<string, { queue: string; name: string; options: JobsOptions }>;

/** BullMQ keeps a queue in one slot of a cluster when its prefix is a hash tag. */
export function queuePrefix(keyPrefix: string): string {
  return `{${keyPrefix}}`;
}

/** One job per sale and bucket; BullMQ refuses `:` and all-digit ids. */
export function expireBucketId({ saleId, bucketEndMs }: ExpireBucket): string {
  return `${saleId}-${bucketEndMs}`;
}

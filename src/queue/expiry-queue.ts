import { setTimeout as sleep } from 'node:timers/promises';
import { DelayedError, type Job, Queue, Worker } from 'bullmq';
import { type ExpireBucket, expireBucketId, jobCatalog, queuePrefix } from './catalog.ts';
import { connectConsumer, connectProducer } from './connection.ts';

export type ExpiryQueue = {
  /** Adds the job of a bucket; safe to repeat. Rejects when Redis is away, or waits for its first answer: the sweep does the work. */
  schedule(bucket: ExpireBucket, delayMs: number): Promise<void>;
  close(): Promise<void>;
};

/** Where the queue is kept. */
type RedisPlace = { url: string; keyPrefix: string };

const { queue: name, name: jobName, options } = jobCatalog.expireBucket;

/** Opens the producer's side on a connection of its own. */
export function openExpiryQueue(redis: RedisPlace, onError: (error: Error) => void): ExpiryQueue {
  const client = connectProducer(redis.url, onError);
  const open = () => {
    const made = new Queue<ExpireBucket>(name, { connection: client, prefix: queuePrefix(redis.keyPrefix) });
    made.on('error', onError);
    return made;
  };
  let queue = open();

  /** A queue asks for the server's version once, when it is made, and never gets over a failure of that: it is replaced. */
  async function ready(): Promise<Queue<ExpireBucket>> {
    const candidate = queue;
    try {
      await candidate.waitUntilReady();
      return candidate;
    } catch (error) {
      if (queue === candidate) queue = open();
      candidate.close().catch(onError);
      throw error;
    }
  }

  return {
    async schedule(bucket, delayMs) {
      const usable = await ready();
      await usable.add(jobName, bucket, { ...options, jobId: expireBucketId(bucket), delay: Math.max(delayMs, 0) });
    },
    async close() {
      await queue.close();
      client.disconnect();
    },
  };
}

/**
 * Runs `expire` for each bucket that is due. When it answers that the bucket ends later by Redis's clock, the job is delayed
 * again instead of being called done. `close` waits for the jobs under way for at most `closeMaxMs`, and not for a Redis that is
 * away: the sweep does what they leave.
 */
export function startExpiryWorker(
  { closeMaxMs, ...redis }: RedisPlace & { closeMaxMs: number },
  expire: (bucket: ExpireBucket) => Promise<{ againInMs: number | null }>,
  onError: (error: Error) => void,
): { close(): Promise<void> } {
  const client = connectConsumer(redis.url, onError);
  const worker = new Worker<ExpireBucket>(
    name,
    async (job: Job<ExpireBucket>, token) => {
      const { againInMs } = await expire(job.data);
      if (againInMs === null) return;
      await job.moveToDelayed(Date.now() + againInMs, token);
      throw new DelayedError();
    },
    { connection: client, prefix: queuePrefix(redis.keyPrefix), concurrency: 4 },
  );
  worker.on('error', onError);
  return {
    async close() {
      // BullMQ waits for its loop, which does not end when Redis is away or goes meanwhile.
      await Promise.race([worker.close(client.status !== 'ready'), sleep(closeMaxMs, undefined, { ref: false })]);
      client.disconnect();
    },
  };
}

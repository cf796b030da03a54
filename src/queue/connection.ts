import { Redis as Client, type RedisOptions } from 'ioredis';

const backOff = (attempt: number) => Math.min(50 * attempt, 500);

/** For adding jobs on the request path: it fails instead of waiting. The caller closes it. */
export function connectProducer(url: string, onError: (error: Error) => void): Client {
  return open(url, onError, { enableOfflineQueue: false, maxRetriesPerRequest: 0, commandTimeout: 1000 });
}

/** For workers, which wait for Redis as long as it takes. The caller closes it. */
export function connectConsumer(url: string, onError: (error: Error) => void): Client {
  return open(url, onError, { maxRetriesPerRequest: null });
}

function open(url: string, onError: (error: Error) => void, options: RedisOptions): Client {
  const client = new Client(url, {
    replyMapping: 'legacy',
    connectTimeout: 1000,
    retryStrategy: backOff,
    ...options,
  } as never);
  client.on('error', onError);
  return client;
}

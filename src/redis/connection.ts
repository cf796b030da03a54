import { Redis as Client, type RedisOptions } from 'ioredis';
import { UnavailableError } from '../domain/errors.ts';
import { loadScripts } from './script.ts';

/**
 * A connection for the request path: it fails fast, never queues and never resends, so that each caller decides what an
 * unanswered command means. `runId` is the server run that this very connection talks to.
 */
export type Redis = {
  client: Client;
  keyPrefix: string;
  /** Throws UnavailableError until the connection is up and its server's run is known. */
  session(): Session;
  /** Unix milliseconds that scripts take for now; 0 lets the server read its own TIME, as it always must in production. */
  clock(): number;
};

/** One life of the connection; a command may only be sent in the session whose run id it carries. */
export type Session = { runId: string; stream: unknown };

export type RedisConnectOptions = {
  url: string;
  keyPrefix: string;
  commandTimeoutMs: number;
  /** For tests and simulation only. */
  clock?: (() => number) | undefined;
  onError: (error: Error) => void;
};

const backOff = (attempt: number) => Math.min(50 * attempt, 500);

const FAIL_FAST = {
  replyMapping: 'legacy',
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  connectTimeout: 1000,
  retryStrategy: backOff,
} satisfies RedisOptions;

/** Opens a request-path connection; it keeps reconnecting by itself until `close`. Never throws. */
export function connectRedis(options: RedisConnectOptions): Redis {
  const client = new Client(options.url, { ...FAIL_FAST, commandTimeout: options.commandTimeoutMs });
  let current: Session | null = null;
  client.on('error', options.onError);
  client.on('close', () => {
    current = null;
  });
  client.on('ready', () => {
    void begin(client, options.onError).then(
      (session) => {
        current = session;
      },
      (error: Error) => {
        // A connection whose server is unknown is of no use: drop it, so that the reconnect asks again.
        options.onError(error);
        client.disconnect(true);
      },
    );
  });
  return {
    client,
    keyPrefix: options.keyPrefix,
    clock: options.clock ?? (() => 0),
    session() {
      // Comparing the socket itself leaves no moment in which a new connection carries an old run id.
      if (current === null || client.status !== 'ready' || current.stream !== client.stream) {
        throw new UnavailableError('Redis is not connected');
      }
      return current;
    },
  };
}

async function begin(client: Client, onError: (error: Error) => void): Promise<Session> {
  const stream = client.stream;
  const runId = await readRunId(client);
  // They are written before anything that this session may be used for. Without them, a script is sent when it is first called.
  void loadScripts(client).catch((cause: unknown) => onError(new Error('Redis did not take the scripts', { cause })));
  return { runId, stream };
}

async function readRunId(client: Client): Promise<string> {
  const info = await client.info('server');
  const runId = /^run_id:([0-9a-f]+)/m.exec(info)?.[1];
  if (runId === undefined) throw new UnavailableError('the Redis server does not tell its run_id');
  return runId;
}

/** Ends the connection at once; commands under way fail with UnavailableError. */
export function closeRedis(redis: Redis): void {
  redis.client.disconnect();
}

/**
 * Resolves once the connection is usable, or throws UnavailableError after `waitMs` with what the last attempt failed by.
 * Only the words are kept: ioredis puts the failed command on its errors, and that may be the one with the password.
 */
export async function waitForRedis(redis: Redis, waitMs: number): Promise<void> {
  const until = performance.now() + waitMs;
  let reason = 'not connected';
  const keepReason = (error: Error & { code?: string }) => {
    reason = error.message || (error.code ?? error.name);
  };
  redis.client.on('error', keepReason);
  try {
    while (!hasSession(redis)) {
      if (performance.now() >= until) throw new UnavailableError(`Redis cannot be used: ${reason}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  } finally {
    redis.client.off('error', keepReason);
  }
}

function hasSession(redis: Redis): boolean {
  try {
    redis.session();
    return true;
  } catch {
    // It says so by throwing.
    return false;
  }
}

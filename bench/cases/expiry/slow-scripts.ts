import { Redis } from 'ioredis';

/** How many there were, and the longest. */
export type SlowScripts = { count: number; maxMicroseconds: number };

type Entry = [id: number, atSeconds: number, microseconds: number, command: string[]];

const entriesMax = 4096;

/** Has Redis itself witness scripts that took longer, from now until the returned function is called. */
export async function watchSlowScripts(url: string, overMicroseconds: number): Promise<() => Promise<SlowScripts>> {
  const redis = new Redis(url, { replyMapping: 'legacy' });
  await redis.config('SET', 'slowlog-log-slower-than', overMicroseconds);
  await redis.config('SET', 'slowlog-max-len', entriesMax);
  await redis.slowlog('RESET');
  return async () => {
    const entries = (await redis.slowlog('GET', entriesMax)) as Entry[];
    redis.disconnect();
    const scripts = entries.filter(([, , , command]) => /^(evalsha|eval|fcall)$/i.test(command[0] ?? ''));
    return {
      count: scripts.length,
      maxMicroseconds: Math.max(0, ...scripts.map(([, , microseconds]) => microseconds)),
    };
  };
}

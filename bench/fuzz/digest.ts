import { createHash } from 'node:crypto';
import { Redis } from 'ioredis';
import { createConnection, type RowDataPacket } from 'mysql2/promise';

export type StoreUrls = { redisUrl: string; keyPrefix: string; databaseUrl: string };

/** What both stores hold, as a digest of each table and each key. */
export type Digest = ReadonlyMap<string, string>;

export type Books = {
  read(): Promise<Digest>;
  close(): Promise<void>;
};

/**
 * Reads everything that the engine has written. Left out is what it writes while nobody asks: BullMQ's own locks, markers
 * and statistics, and who reads the streams of coupons and when.
 */
export async function openBooks({ redisUrl, keyPrefix, databaseUrl }: StoreUrls): Promise<Books> {
  const redis = new Redis(redisUrl, { lazyConnect: true });
  await redis.connect();
  const mysql = await createConnection({ uri: databaseUrl, supportBigNumbers: true, bigNumberStrings: true });
  return {
    async read() {
      const digest = new Map<string, string>();
      const [tables] = await mysql.query<RowDataPacket[]>('SHOW TABLES');
      for (const table of tables.map((row) => String(Object.values(row)[0]))) {
        const [rows] = await mysql.query<RowDataPacket[]>(`SELECT * FROM \`${table}\``);
        digest.set(`table ${table}`, digestOf(rows.map((row) => JSON.stringify(row)).sort()));
      }
      const keys = await keysOf(redis, keyPrefix);
      // A digest of half the stores would find nothing, and say so.
      if (keys.length === 0 || tables.length === 0) throw new Error('one of the stores has nothing to be digested');
      for (const key of keys) digest.set(`key ${key}`, digestOf(await contentOf(redis, key)));
      return digest;
    },
    async close() {
      redis.disconnect();
      await mysql.end();
    },
  };
}

/** What moves by itself: BullMQ's own keys, the auditor's claims, and the log, which tells of refusals too. */
const restless =
  /^\{.*\}:[^:]+:(meta|marker|stalled|stalled-check|events|limiter|id|metrics:.*|[^:]+:lock)$|\}:(audited|decisions)$/;

async function keysOf(redis: Redis, keyPrefix: string): Promise<string[]> {
  const keys = new Set<string>();
  for (const pattern of [`${keyPrefix}:*`, `{${keyPrefix}}:*`]) {
    let cursor = '0';
    do {
      const [next, found] = await redis.scan(cursor, 'MATCH', pattern, 'COUNT', 500);
      for (const key of found) if (!restless.test(key)) keys.add(key);
      cursor = next;
    } while (cursor !== '0');
  }
  return [...keys].sort();
}

/** All of a key, in an order that does not depend on how Redis stores it. */
async function contentOf(redis: Redis, key: string): Promise<string[]> {
  const type = await redis.type(key);
  if (type === 'string') return [(await redis.get(key)) ?? ''];
  if (type === 'hash')
    return Object.entries(await redis.hgetall(key))
      .map(([field, value]) => `${field}=${value}`)
      .sort();
  if (type === 'zset') return redis.zrange(key, 0, '-1', 'WITHSCORES');
  if (type === 'set') return (await redis.smembers(key)).sort();
  if (type === 'list') return redis.lrange(key, 0, -1);
  if (type === 'stream') return (await redis.xrange(key, '-', '+')).map((entry) => JSON.stringify(entry));
  return [type];
}

function digestOf(parts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${part.length}:`).update(part);
  return hash.digest('base64url');
}

/** What is not in both digests, or not the same. */
export function differences(before: Digest, after: Digest): string[] {
  const names = new Set([...before.keys(), ...after.keys()]);
  return [...names].filter((name) => before.get(name) !== after.get(name)).sort();
}

const settleEveryMs = 500;
const settleTriesMax = 40;

/** The digest once it has stood still for a while. Throws when it does not. */
export async function settledDigest(books: Books): Promise<Digest> {
  let before = await books.read();
  for (let tries = 0; tries < settleTriesMax; tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, settleEveryMs));
    const after = await books.read();
    if (differences(before, after).length === 0) return after;
    before = after;
  }
  throw new Error('the stores do not come to rest by themselves');
}

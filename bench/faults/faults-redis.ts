import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { queuePrefix } from '../../src/queue/catalog.ts';
import type { Redis } from '../../src/redis/connection.ts';
import { until } from '../../src/testing/until.ts';
import { type Fault, type Harm, over, type PlannedFault } from './fault.ts';
import type { Random } from './random.ts';
import { cutAppendOnly, markAppendOnly } from './redis-pair.ts';
import type { Stack } from './stack.ts';

type Act = { text: string; inflict(stack: Stack): Promise<Harm> };

function redisFault(name: string, what: string, mayLose: boolean, draw: (random: Random) => Act): Fault {
  return {
    name,
    what,
    mayLose,
    plan(random): PlannedFault {
      const { text, inflict } = draw(random);
      return { text: `${name}, ${text}`, parts: ['redis'], inflict };
    },
  };
}

const killRedis = redisFault('kill-redis', 'kill -9 of Redis; it starts again with its AOF', false, (random) => {
  const awayMs = random.whole(0, 1200);
  return {
    text: `away ${awayMs} ms`,
    async inflict({ redis }) {
      const { server } = redis.master();
      await server.kill9();
      await sleep(awayMs);
      await server.restart();
      return over(1);
    },
  };
});

const stopRedis = redisFault('stop-redis', 'SIGSTOP of Redis for up to three seconds', false, (random) => {
  const frozenMs = random.whole(600, 3000);
  return {
    text: `${frozenMs} ms`,
    async inflict({ redis }) {
      const { server } = redis.master();
      server.signal('SIGSTOP');
      try {
        await sleep(frozenMs);
      } finally {
        server.signal('SIGCONT');
      }
      return over(1);
    },
  };
});

const flushRedis = redisFault('flush-redis', 'FLUSHALL, also in the middle of a rebuild', true, (random) => {
  const pausesMs = Array.from({ length: random.whole(0, 3) }, () => random.whole(10, 300));
  return {
    text: pausesMs.length === 0 ? 'once' : `again after ${pausesMs.join(', ')} ms`,
    async inflict({ redis }) {
      const { client } = redis.master().redis;
      const atMs = performance.now();
      await client.call('FLUSHALL');
      for (const pauseMs of pausesMs) {
        await sleep(pauseMs);
        await client.call('FLUSHALL');
      }
      return over(1 + pausesMs.length, [{ fromMs: Number.NEGATIVE_INFINITY, atMs, untilMs: performance.now() }]);
    },
  };
});

const scriptFlush = redisFault('script-flush', 'SCRIPT FLUSH, several times', false, (random) => {
  const times = random.whole(1, 5);
  return {
    text: `${times} times`,
    async inflict({ redis }) {
      for (let time = 0; time < times; time += 1) {
        await redis.master().redis.client.call('SCRIPT', 'FLUSH');
        await sleep(100);
      }
      return over(times);
    },
  };
});

const cutAof = redisFault('cut-aof', 'kill -9 of Redis, whose AOF loses its last second', true, (random) => {
  const lostMs = random.whole(200, 1100);
  const awayMs = random.whole(0, 600);
  return {
    text: `${lostMs} ms lost, away ${awayMs} ms`,
    async inflict({ redis }) {
      const { server } = redis.master();
      const fromMs = performance.now();
      const mark = markAppendOnly({ server });
      await sleep(lostMs);
      const atMs = performance.now();
      await server.kill9();
      // A rewrite that came in between has made a new file: then nothing is lost.
      const lost = existsSync(mark.file) ? cutAppendOnly(mark) : 0;
      await sleep(awayMs);
      await server.restart();
      return over(lost > 0 ? 1 : 0, [{ fromMs, atMs, untilMs: performance.now() }]);
    },
  };
});

const failover = redisFault(
  'failover-lagging-replica',
  'the master dies, a replica that lags takes over',
  true,
  (random) => {
    const lagMs = random.whole(100, 1000);
    const awayMs = random.whole(0, 400);
    return {
      text: `lag ${lagMs} ms, away ${awayMs} ms`,
      async inflict({ redis, networks }) {
        const fromMs = performance.now();
        await redis.partReplica();
        await sleep(lagMs);
        const atMs = performance.now();
        await redis.master().server.kill9();
        await sleep(awayMs);
        redis.failOver(networks.redis);
        const harm = over(1, [{ fromMs, atMs, untilMs: performance.now() }]);
        await redis.rejoin();
        return harm;
      },
    };
  },
);

const redisFullDisk = redisFault(
  'redis-full-disk',
  'the disk of Redis is full for a while (MISCONF)',
  false,
  (random) => {
    const fullMs = random.whole(1200, 2500);
    return {
      text: `${fullMs} ms`,
      async inflict({ redis }) {
        const { disk, redis: connection } = redis.master();
        if (!disk.isSmall) return over(0);
        disk.fill();
        try {
          await sleep(fullMs);
        } finally {
          disk.free();
        }
        const harm = over(1);
        await writeAnew(connection);
        return harm;
      },
    };
  },
);

const redisFullMemory = redisFault(
  'redis-full-memory',
  'Redis has no memory left for a while (OOM)',
  false,
  (random) => {
    const fullMs = random.whole(500, 2000);
    return {
      text: `${fullMs} ms`,
      async inflict({ redis }) {
        const { client } = redis.master().redis;
        await client.call('CONFIG', 'SET', 'maxmemory', '1');
        try {
          await sleep(fullMs);
        } finally {
          await client.call('CONFIG', 'SET', 'maxmemory', '0');
        }
        return over(1);
      },
    };
  },
);

const deleteJobs = redisFault('delete-jobs', 'every key of BullMQ is deleted, several times', false, (random) => {
  const times = random.whole(1, 4);
  return {
    text: `${times} times`,
    async inflict({ redis, keyPrefix }) {
      const { client } = redis.master().redis;
      let deleted = 0;
      for (let time = 0; time < times; time += 1) {
        const keys = await client.keys(`${queuePrefix(keyPrefix)}:*`);
        if (keys.length > 0) deleted += await client.unlink(...keys);
        await sleep(250);
      }
      return over(deleted);
    },
  };
});

/**
 * Has the append-only file written anew, as an operator would: when a write was cut short, a Redis 7.0 that was once a replica
 * leaves a hole of zeros in the old one. It goes on all the same, but would not start again from it.
 */
async function writeAnew({ client }: Redis): Promise<void> {
  const told = (name: string, value: string) => async () =>
    (await client.info('persistence')).includes(`${name}:${value}\r`);
  await until('Redis writes to its file again', told('aof_last_write_status', 'ok'));
  await client.bgrewriteaof();
  await until('the new file is there', told('aof_rewrite_in_progress', '0'));
}

/** Faults of Redis. */
export const redisFaults: readonly Fault[] = [
  ...[killRedis, stopRedis, flushRedis, scriptFlush, cutAof, failover],
  ...[redisFullDisk, redisFullMemory, deleteJobs],
];

// The same, and one BullMQ delayed job per hold that would give it back. Left out as before, and a worker: none comes due here.
import { Queue } from 'bullmq';
import { Hono } from 'hono';
import { Redis } from 'ioredis';
import { listen, setting } from './listen.ts';
import { reserveByScript } from './place.ts';
import { holdTtlMs } from './surface.ts';

const connection = new Redis(setting('REDIS_URL'), { maxRetriesPerRequest: null, replyMapping: 'legacy' });
const queue = new Queue('expiry', { connection, prefix: '{baseline}' });
const app = new Hono();
reserveByScript(app, (hold) => queue.add('expire', hold, { delay: holdTtlMs, jobId: hold.holdId }));
listen(app);

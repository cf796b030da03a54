import * as assert from 'uvu/assert';
import { mentions, openProxy } from '../testing/proxy.ts';
import { freshId, stack } from '../testing/stack.ts';
import { suite } from '../testing/suite.ts';
import { failureOf, persistently, until } from '../testing/until.ts';
import type { ExpireBucket } from './catalog.ts';
import { openExpiryQueue, startExpiryWorker } from './expiry-queue.ts';

const test = suite('the queue of expiry jobs');
const closers: (() => Promise<void>)[] = [];
test.after.each(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A worker that notes what it was given, and a queue that reaches Redis by `url`. */
function open(url = stack.redisUrl) {
  const keyPrefix = freshId('queue');
  const ran: ExpireBucket[] = [];
  const expire = async (bucket: ExpireBucket) => {
    ran.push(bucket);
    return { againInMs: null };
  };
  const worker = startExpiryWorker({ url: stack.redisUrl, keyPrefix, closeMaxMs: 10_000 }, expire, () => undefined);
  const queue = openExpiryQueue({ url, keyPrefix }, () => undefined);
  closers.push(
    () => worker.close(),
    () => queue.close(),
  );
  return { queue, ran };
}

async function openNetwork() {
  const network = await openProxy(stack.redisUrl);
  closers.push(() => network.close());
  return network;
}

const bucket = (): ExpireBucket => ({ saleId: freshId('sale'), bucketEndMs: Date.now() });

test('a job that is scheduled before the connection is up runs all the same', async () => {
  const due = bucket();

  // A second may be over before it is connected; whoever tries again does so by a queue that is not connected either.
  const ran = await persistently(async () => {
    const opened = open();
    await opened.queue.schedule(due, 20);
    return opened.ran;
  });

  await until('the job has run', () => ran.length > 0);
  assert.equal(ran, [due]);
});

test('a queue whose first question was never answered works once Redis answers', async () => {
  const network = await openNetwork();
  let questions = 0;
  // The client itself asks first whether the server is ready; the second question is BullMQ's.
  network.judge = (chunk) => {
    if (!mentions('info\r\n')(chunk)) return 'pass';
    questions += 1;
    return questions === 2 ? 'withhold' : 'pass';
  };
  const { queue, ran } = open(network.url);
  const due = bucket();

  const failure = await failureOf(() => queue.schedule(due, 0));
  network.down();
  network.up();
  await persistently(() => queue.schedule(due, 0));

  await until('the job has run', () => ran.length > 0);
  assert.ok(network.harmed() > 0, failure.message);
});

test('a queue closes although Redis was never there', async () => {
  const network = await openNetwork();
  network.down();
  const { queue } = open(network.url);

  await queue.close();
});

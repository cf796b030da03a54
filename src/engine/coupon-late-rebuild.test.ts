import * as assert from 'uvu/assert';
import { CampaignLostError } from '../domain/errors.ts';
import type { Redis } from '../redis/connection.ts';
import { readScript } from '../redis/script.ts';
import {
  couponsOn,
  drained,
  issued,
  openCampaign,
  openCouponBench,
  readBatch,
  storedBuyers,
  untilAvailable,
} from '../testing/coupons.ts';
import { suite } from '../testing/suite.ts';
import { type Batch, storeEntries } from './coupon-batch.ts';
import { createCampaignRebuilder } from './coupon-rebuild.ts';

const test = suite('a late rebuild of coupons');
const bench = await openCouponBench();
const coupons = couponsOn(bench);
test.after(async () => {
  await coupons.idle();
  await bench.close();
});

async function campaignWon(by: string): Promise<string> {
  const campaignId = await openCampaign(coupons, 1);
  await issued(coupons, campaignId, by);
  return campaignId;
}

async function asked(campaignId: string, buyerId: string): Promise<string> {
  const { reply } = await untilAvailable(() => coupons.issue({ campaignId, buyerId }));
  return reply.status;
}

type Around = (send: () => Promise<unknown>) => Promise<unknown>;

/** A rebuilder whose first call of a named script is sent when `around` says so. */
async function rebuilderWith(around: Record<string, Around>) {
  const waiting = new Map<unknown, Around>();
  for (const [script, act] of Object.entries(around))
    waiting.set(await bench.redis.client.script('LOAD', readScript(script)), act);
  const client: Redis['client'] = Object.create(bench.redis.client);
  client.evalsha = (async (...args: Parameters<typeof client.evalsha>) => {
    const act: Around = waiting.get(args[0]) ?? ((send) => send());
    waiting.delete(args[0]);
    return act(() => bench.redis.client.evalsha(...args));
  }) as typeof client.evalsha;
  return createCampaignRebuilder({ ...bench, redis: { ...bench.redis, client } });
}

const flush = (campaignId: string) => bench.redis.client.del(...Object.values(bench.keys(campaignId)));

test('a rebuild that claims only after a newer one was installed and flushed starts over', async () => {
  const campaignId = await campaignWon('alice');
  const keys = bench.keys(campaignId);
  await bench.redis.client.del(keys.campaign);
  let readUnderNewer: Batch | null = null;
  let stored: unknown = null;
  const late = await rebuilderWith({
    'suspend-campaign': async (suspend) => {
      // That rebuilds wait for each other is a courtesy, and has lapsed.
      await bench.redis.client.del(keys.rebuilding);
      await createCampaignRebuilder(bench).run(campaignId);
      readUnderNewer = await readBatch(bench, campaignId);
      await flush(campaignId);
      return suspend();
    },
    'install-campaign': async (install) => {
      const deps = { ...bench, onDeadLetter: () => undefined };
      stored = await storeEntries(deps, readUnderNewer as Batch).catch((error: unknown) => error);
      return install();
    },
  });

  await late.run(campaignId);
  const bob = await asked(campaignId, 'bob');
  await drained(bench, campaignId);

  assert.is(bob, 'issued');
  assert.equal(await storedBuyers(bench, campaignId), ['bob']);
  assert.instance(stored, CampaignLostError);
});

test('a rebuild publishes nothing that Redis has lost since it was read', async () => {
  const campaignId = await campaignWon('alice');
  await bench.redis.client.del(bench.keys(campaignId).stream);
  let published: unknown = null;
  const late = await rebuilderWith({
    'publish-coupons': async (publish) => {
      await flush(campaignId);
      const other = await rebuilderWith({
        'install-campaign': async (install) => {
          published = await publish();
          return install();
        },
      });
      await other.run(campaignId);
      return published;
    },
  });

  await late.run(campaignId);
  const bob = await asked(campaignId, 'bob');
  await drained(bench, campaignId);

  assert.is(bob, 'issued');
  assert.equal(await storedBuyers(bench, campaignId), ['bob']);
  assert.equal(published, ['moved']);
});

test('a rebuild adds nothing that Redis has lost since it was read', async () => {
  const campaignId = await campaignWon('alice');
  await bench.redis.client.hset(bench.keys(campaignId).campaign, 'run', 'e'.repeat(40));
  let added: unknown = null;
  const late = await rebuilderWith({
    'add-coupons': async (add) => {
      await flush(campaignId);
      const other = await rebuilderWith({
        'install-campaign': async (install) => {
          added = await add();
          return install();
        },
      });
      await other.run(campaignId);
      return added;
    },
  });

  await late.run(campaignId);
  const bob = await asked(campaignId, 'bob');

  assert.is(bob, 'issued');
  assert.equal(added, ['moved']);
});

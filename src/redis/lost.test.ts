import * as assert from 'uvu/assert';
import { SaleLostError } from '../domain/errors.ts';
import { type Calls, callsOn, placing } from '../testing/redis-calls.ts';
import { decisionsMax, openTestRedis, putSale, saleOf } from '../testing/redis-sale.ts';
import { stateOf } from '../testing/redis-state.ts';
import { freshId } from '../testing/stack.ts';
import { suite } from '../testing/suite.ts';
import { failureOf } from '../testing/until.ts';
import { applySale } from './apply-sale.ts';
import type { Redis } from './connection.ts';
import { freezeConfirms } from './freeze-confirms.ts';
import { saleKeys } from './keys.ts';
import { listOrphans } from './list-orphans.ts';
import type { Placing } from './place-holds.ts';
import { readSale } from './read-sale.ts';
import { resyncSale } from './resync-sale.ts';
import { withdrawStock } from './withdraw-stock.ts';

const test = suite('a sale that Redis has lost');
const { redis, close } = await openTestRedis();
test.after(close);

type Call = (calls: Calls, target: { redis: Redis; saleId: string; hold: Placing }) => Promise<unknown>;

/** Scripts that need the whole sale. */
const needingAll: Record<string, Call> = {
  'place-holds': (calls, { saleId }) => calls.place(saleId, placing()),
  'place-holds of a replay': (calls, { saleId, hold }) => calls.place(saleId, hold),
  'release-hold': (calls, { saleId, hold }) => calls.release(saleId, hold),
  'expire-holds': (calls, { saleId }) => calls.expire(saleId),
  'begin-confirms': (calls, { saleId, hold }) => calls.begin(saleId, hold),
  'abort-confirms': (calls, { saleId, hold }) => calls.abort(saleId, hold),
  'finish-confirms': (calls, { saleId, hold }) => calls.finish(saleId, hold),
  'void-hold': (calls, { saleId, hold }) => calls.giveBack(saleId, hold),
  'forget-holds': (calls, { saleId }) => calls.forget(saleId),
  'list-orphans': (_calls, target) => listOrphans(target.redis, { ...target, holdsMax: 10, againMs: 1000 }),
  'freeze-confirms': (_calls, target) => freezeConfirms(target.redis, { ...target, freezeMs: 250 }),
  'resync-sale': (_calls, target) =>
    resyncSale(target.redis, {
      ...{ saleId: target.saleId, epoch: 2, finishes: 0, apply: true, recountMax: 10, committedHoldIds: [] },
      ticketTypes: [{ ticketTypeId: 'std', capacity: 10, sold: 0 }],
    }),
};

/** Scripts that only need the hash of the sale. */
const needingTheSale: Record<string, Call> = {
  'apply-sale': (_calls, target) =>
    applySale(target.redis, { sale: saleOf({ saleId: target.saleId, version: 9 }), decisionsMax }),
  'withdraw-stock': (_calls, target) =>
    withdrawStock(target.redis, { ...target, operationId: 'operation-1', ticketTypeId: 'std', quantity: 1 }),
};

type Damage = (keys: string[]) => Promise<unknown>;
const damagesOfTheSale: Record<string, Damage> = {
  'its hash is gone': ([sale]) => redis.client.del(sale as string),
  'its epoch is gone': ([sale]) => redis.client.hdel(sale as string, 'epoch'),
  'it was installed under another run': ([sale]) => redis.client.hset(sale as string, 'run', 'f'.repeat(40)),
  'it is suspended': ([sale]) => redis.client.hset(sale as string, 'run', ''),
  'it has no run': ([sale]) => redis.client.hdel(sale as string, 'run'),
};
const damagesOfTheRest: Record<string, Damage> = {
  'its holds are gone': ([, holds]) => redis.client.del(holds as string),
  'its expiry index is gone': ([, , due]) => redis.client.del(due as string),
  'its leases are gone': ([, , , leases]) => redis.client.del(leases as string),
  'its buyers are gone': ([, , , , buyers]) => redis.client.del(buyers as string),
  'its hash is of another epoch': ([sale]) => redis.client.hset(sale as string, 'epoch', 3),
  'its holds are of another epoch': ([, holds]) => redis.client.hset(holds as string, '#', 1),
  'its expiry index is of another epoch': ([, , due]) => redis.client.zadd(due as string, -1, '#'),
  'its leases are of another epoch': ([, , , leases]) => redis.client.zadd(leases as string, -20, '#'),
  'its buyers are of another epoch': ([, , , , buyers]) => redis.client.hset(buyers as string, '', 22),
};

/** Insists that the script throws SaleLostError on a sale that was damaged so, and that it left the ruins alone. */
async function assertLost(name: string, script: Call, damage: Damage): Promise<void> {
  const saleId = await putSale(redis, { epoch: 2 });
  const calls = callsOn(redis);
  const hold = await calls.hold(saleId);
  await calls.begin(saleId, await calls.hold(saleId));
  await damage(saleKeys(redis.keyPrefix, saleId));
  const before = await stateOf(redis, saleId);

  const error = await failureOf(() => script(calls, { redis, saleId, hold }));

  assert.instance(error, SaleLostError, `${name} failed by ${error.message}`);
  assert.is((error as SaleLostError).saleId, saleId);
  assert.equal(await stateOf(redis, saleId), before, `${name} changed something`);
}

for (const [what, damage] of Object.entries(damagesOfTheSale)) {
  test(`every script says lost and changes nothing when ${what}`, async () => {
    for (const [name, script] of Object.entries({ ...needingAll, ...needingTheSale })) {
      await assertLost(name, script, damage);
    }
  });
}

for (const [what, damage] of Object.entries(damagesOfTheRest)) {
  test(`every script on holds says lost and changes nothing when ${what}`, async () => {
    for (const [name, script] of Object.entries(needingAll)) await assertLost(name, script, damage);
  });
}

test('a reader sees the same loss as the scripts do', async () => {
  for (const [what, damage] of Object.entries({ ...damagesOfTheSale, ...damagesOfTheRest })) {
    const saleId = await putSale(redis, { epoch: 2 });
    await damage(saleKeys(redis.keyPrefix, saleId));

    const sale = await readSale(redis, saleId);

    assert.ok(sale === null || !sale.intact, what);
  }
});

test('a sale that was never here is lost, not sold out', async () => {
  const saleId = freshId('sale');

  const error = await failureOf(() => callsOn(redis).place(saleId, placing()));

  assert.instance(error, SaleLostError);
});

test('a sale without ended holds is whole: that index may be missing', async () => {
  const saleId = await putSale(redis);

  assert.is((await callsOn(redis).place(saleId, placing())).status, 'placed');
});

test('a rebuild makes it whole again', async () => {
  const saleId = await putSale(redis, { epoch: 2 });
  await redis.client.del(saleKeys(redis.keyPrefix, saleId)[2]);
  const error = await failureOf(() => callsOn(redis).place(saleId, placing()));

  await putSale(redis, { saleId, epoch: 3 });

  assert.instance(error, SaleLostError);
  assert.is((await callsOn(redis).place(saleId, placing())).status, 'placed');
});

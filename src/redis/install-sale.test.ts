import * as assert from 'uvu/assert';
import { SaleLostError } from '../domain/errors.ts';
import { callsOn, placing } from '../testing/redis-calls.ts';
import { decisionsMax, openTestRedis, putSale, stage } from '../testing/redis-sale.ts';
import { assertLawful, stateOf, stockOf } from '../testing/redis-state.ts';
import { freshId } from '../testing/stack.ts';
import { suite } from '../testing/suite.ts';
import { installSale } from './install-sale.ts';
import { saleKeys } from './keys.ts';
import { readSale } from './read-sale.ts';
import { dropStage } from './stage-sale.ts';
import { suspendSale } from './suspend-sale.ts';

const test = suite('suspend-sale and install-sale');
const { redis, time, another, close } = await openTestRedis();
const calls = callsOn(redis);
test.after(close);

const keysOf = (saleId: string) => saleKeys(redis.keyPrefix, saleId);

async function lost(call: Promise<unknown>): Promise<boolean> {
  return call.then(
    () => false,
    (error: unknown) => error instanceof SaleLostError,
  );
}

test('there is nothing to suspend where no sale is', async () => {
  assert.equal(await suspendSale(redis, { saleId: freshId('sale'), newEpoch: 1 }), { status: 'missing' });
});

test('a suspended sale is lost to every script and stands still, also when it is suspended again', async () => {
  const saleId = await putSale(redis, { epoch: 3 });
  const hold = await calls.hold(saleId);

  const reply = await suspendSale(redis, { saleId, newEpoch: 4 });
  const before = await stateOf(redis, saleId);
  const again = await suspendSale(redis, { saleId, newEpoch: 4 });

  assert.equal([reply, again], Array(2).fill({ status: 'suspended', epoch: 3 }));
  assert.ok(await lost(calls.release(saleId, hold)));
  assert.is((await readSale(redis, saleId))?.intact, false);
  assert.equal(await assertLawful(redis, saleId), before);
});

test('a sale of an epoch as new or newer is not suspended', async () => {
  const saleId = await putSale(redis, { epoch: 10 });

  const replies = [];
  for (const newEpoch of [9, 10]) replies.push(await suspendSale(redis, { saleId, newEpoch }));

  assert.equal(replies, Array(2).fill({ status: 'newer' }));
  assert.is((await calls.place(saleId, placing())).status, 'placed');
});

test('an installed rebuild replaces all keys at once and keeps none of the old', async () => {
  const saleId = await putSale(redis);
  const [old, ended] = [await calls.hold(saleId), await calls.hold(saleId)];
  await calls.release(saleId, ended);
  await calls.begin(saleId, await calls.hold(saleId, { buyerId: 'bob' }));

  await putSale(redis, { saleId, epoch: 2, tickets: { vip: 3 } });

  const state = await assertLawful(redis, saleId);
  assert.not(state.sale.has('capacity:std'));
  assert.not(state.holds.has(old.holdId));
  assert.equal(
    [state.holds.size, state.due.size, state.leases.size, state.buyers.size, state.ended.size],
    [1, 1, 1, 1, 0],
  );
  assert.equal(await readSale(redis, saleId), {
    ...{ intact: true, epoch: 2, version: 1, decisionsMax },
    stock: [{ ticketTypeId: 'vip', capacity: 3, available: 3, held: 0, sold: 0 }],
  });
});

test('what was staged is in place: live holds, ended ones, buyers and counts', async () => {
  const times = { placedAtMs: time.nowMs, expiresAtMs: time.nowMs + 1000, deadlineMs: time.nowMs + 2000 };
  const record = { ...times, saleId: '', keyed: true, epoch: 1, attempts: '' };
  const [held, sold, expired] = [placing(), placing({ buyerId: 'bob' }), placing({ buyerId: 'carol' })];

  const saleId = await putSale(redis, {
    sold: { std: 3 },
    holds: [
      { ...held, ...record, status: 'held' },
      { ...sold, ...record, status: 'sold' },
      { ...expired, ...record, status: 'expired', forgetAtMs: time.nowMs + 3000 },
    ],
    buyers: [
      { buyerId: 'alice', held: 1, bought: 2, holdIds: [held.holdId] },
      { buyerId: 'bob', held: 0, bought: 1, holdIds: [] },
    ],
  });

  assert.equal(await stockOf(redis, saleId), { std: [6, 1, 3] });
  await assertLawful(redis, saleId, { sold: { std: 2 }, bought: { alice: 2 } });
  assert.is(await calls.finish(saleId, sold), 'already');
  assert.is((await calls.begin(saleId, held)).status, 'begun');
});

test('staged keys lapse when nobody installs them, and stay for ever once they are installed', async () => {
  const hold = { ...placing(), saleId: '', placedAtMs: 1, expiresAtMs: 1, deadlineMs: 1, epoch: 1, attempts: '' };
  const holds = [{ ...hold, status: 'released' as const, forgetAtMs: 2 }];
  const { saleId, keys } = await stage(redis, { holds });

  const staged = await Promise.all(keys.map((key) => redis.client.ttl(key)));
  await installSale(redis, { saleId, staged: keys, oldEpoch: null, newEpoch: 1 });
  const installed = await Promise.all(keysOf(saleId).map((key) => redis.client.ttl(key)));

  assert.ok(staged.every((seconds) => seconds > 0));
  assert.equal(installed, Array(6).fill(-1));
  assert.is(await redis.client.exists(...keys), 0);
});

test('an install that is repeated answers moved and changes nothing', async () => {
  const { saleId, keys } = await stage(redis, {});
  const input = { saleId, staged: keys, oldEpoch: null, newEpoch: 1 };
  await installSale(redis, input);
  const before = await stateOf(redis, saleId);

  assert.is(await installSale(redis, input), 'moved');
  assert.equal(await assertLawful(redis, saleId), before);
});

test('a live sale that is not as it was copied has moved', async () => {
  const running = await putSale(redis);
  const other = await putSale(redis);
  await suspendSale(redis, { saleId: other, newEpoch: 2 });
  const missing = freshId('sale');
  const cases = [
    { saleId: running, oldEpoch: 1 },
    { saleId: running, oldEpoch: null },
    { saleId: other, oldEpoch: null },
    { saleId: other, oldEpoch: 3 },
    { saleId: missing, oldEpoch: 1 },
  ];

  for (const { saleId, oldEpoch } of cases) {
    const staged = await stage(redis, { saleId, epoch: 2 });
    const before = await stateOf(redis, saleId);

    const reply = await installSale(redis, { saleId, staged: staged.keys, oldEpoch, newEpoch: 2 });

    assert.is(reply, 'moved', `${saleId} ${oldEpoch}`);
    assert.equal(await stateOf(redis, saleId), before);
  }
});

test('a staging that is not whole, of another epoch or of another run has moved', async () => {
  const damages = [
    ...[0, 1, 2, 3, 4].map((index) => (keys: string[]) => redis.client.del(keys[index] as string)),
    (keys: string[]) => redis.client.hset(keys[0] as string, 'run', 'another'),
    (keys: string[]) => redis.client.hset(keys[0] as string, 'epoch', 3),
    (keys: string[]) => redis.client.hset(keys[1] as string, '#', 3),
    (keys: string[]) => redis.client.zadd(keys[2] as string, -3, '#'),
    (keys: string[]) => redis.client.zadd(keys[3] as string, -3, '#'),
    (keys: string[]) => redis.client.hset(keys[4] as string, '', 3),
  ];

  for (const damage of damages) {
    const saleId = await putSale(redis);
    await suspendSale(redis, { saleId, newEpoch: 2 });
    const before = await stateOf(redis, saleId);
    const staged = await stage(redis, { saleId, epoch: 2 });
    await damage(staged.keys);

    const reply = await installSale(redis, { saleId, staged: staged.keys, oldEpoch: 1, newEpoch: 2 });

    assert.is(reply, 'moved', String(damage));
    assert.equal(await stateOf(redis, saleId), before);
  }
});

test('a staging that is dropped leaves nothing behind', async () => {
  const staged = await stage(redis, {});

  await dropStage(redis, staged);

  assert.is(await redis.client.exists(...staged.keys), 0);
});

test('of ten rebuilders at once on two connections one installs', async () => {
  const saleId = await putSale(redis);
  const other = await another();
  const stages = await Promise.all(Array.from({ length: 10 }, () => stage(redis, { saleId, epoch: 2 })));
  await suspendSale(redis, { saleId, newEpoch: 2 });

  const replies = await Promise.all(
    stages.map(({ keys }, index) =>
      installSale(index % 2 ? redis : other, { saleId, staged: keys, oldEpoch: 1, newEpoch: 2 }),
    ),
  );

  assert.is(replies.filter((reply) => reply === 'installed').length, 1);
  await assertLawful(redis, saleId);
});

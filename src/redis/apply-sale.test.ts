import * as assert from 'uvu/assert';
import { callsOn, placing } from '../testing/redis-calls.ts';
import { decisionsMax, linesOf, openTestRedis, putSale, type SaleSetting, saleOf } from '../testing/redis-sale.ts';
import { assertLawful, stateOf, stockOf } from '../testing/redis-state.ts';
import { suite } from '../testing/suite.ts';
import { applySale } from './apply-sale.ts';
import { readSale } from './read-sale.ts';

const test = suite('apply-sale');
const { redis, another, close } = await openTestRedis();
const calls = callsOn(redis);
test.after(close);

const apply = (setting: SaleSetting & { saleId: string }) => applySale(redis, { sale: saleOf(setting), decisionsMax });

test('a newer version sets every rule of the sale', async () => {
  const saleId = await putSale(redis);

  const reply = await apply({
    ...{ saleId, version: 2, opensAtMs: 1, closesAtMs: 2, paused: true, closedAtMs: 3 },
    ...{ holdTtlMs: 4, buyerTicketsMax: 5, orderTicketsMax: 6 },
  });

  assert.is(reply, 'applied');
  const { sale } = await assertLawful(redis, saleId);
  const names = [
    'version',
    'opensAtMs',
    'closesAtMs',
    'paused',
    'closed',
    'holdTtlMs',
    'buyerTicketsMax',
    'orderTicketsMax',
  ];
  assert.equal(
    names.map((name) => sale.get(name)),
    ['2', '1', '2', '1', '1', '4', '5', '6'],
  );
});

test('a sale without an end or a limit of its own for orders has none', async () => {
  const saleId = await putSale(redis, { closesAtMs: 9, orderTicketsMax: 1 });

  await apply({ saleId, version: 2, buyerTicketsMax: 3 });

  const { sale } = await assertLawful(redis, saleId);
  assert.equal([sale.get('closesAtMs'), sale.get('orderTicketsMax')], ['0', '3']);
});

test('an older version changes nothing', async () => {
  const saleId = await putSale(redis, { version: 3 });
  const before = await stateOf(redis, saleId);

  const reply = await apply({ saleId, version: 2, tickets: { std: 99 }, paused: true });

  assert.is(reply, 'stale');
  assert.equal(await assertLawful(redis, saleId), before);
});

test('versions are compared as numbers', async () => {
  const saleId = await putSale(redis, { version: 9 });

  assert.is(await apply({ saleId, version: 10 }), 'applied');
  assert.is(await apply({ saleId, version: 9 }), 'stale');
});

test('the same version may be repeated and adds its capacity once', async () => {
  const saleId = await putSale(redis);

  const replies = [];
  for (let each = 0; each < 3; each++) replies.push(await apply({ saleId, version: 2, tickets: { std: 15 } }));

  assert.equal(replies, Array(3).fill('applied'));
  assert.equal(await stockOf(redis, saleId), { std: [15, 0, 0] });
  await assertLawful(redis, saleId);
});

test('more capacity is available at once, and what is held or sold stays so', async () => {
  const saleId = await putSale(redis, { tickets: { std: 2, vip: 5 } });
  await calls.sell(saleId);
  await calls.hold(saleId, { buyerId: 'bob' });

  await apply({ saleId, version: 2, tickets: { std: 4, vip: 5 } });

  assert.equal(await stockOf(redis, saleId), { std: [2, 1, 1], vip: [5, 0, 0] });
  assert.is((await calls.place(saleId, placing({ buyerId: 'carol', lines: linesOf({ std: 2 }) }))).status, 'placed');
  await assertLawful(redis, saleId);
});

test('less capacity is taken from what is available, which may stand below zero', async () => {
  const saleId = await putSale(redis, { tickets: { std: 4 } });
  await calls.hold(saleId, { lines: linesOf({ std: 3 }) });

  await apply({ saleId, version: 2, tickets: { std: 2 } });

  assert.equal(await stockOf(redis, saleId), { std: [-1, 3, 0] });
  await assertLawful(redis, saleId);
});

test('a pause gates new holds only: live ones confirm and end as before', async () => {
  const saleId = await putSale(redis);
  const [kept, left] = [await calls.hold(saleId), await calls.hold(saleId)];

  await apply({ saleId, version: 2, paused: true });

  assert.is((await calls.place(saleId, placing({ buyerId: 'bob' }))).status, 'sale_paused');
  assert.is((await calls.begin(saleId, kept)).status, 'begun');
  assert.is(await calls.finish(saleId, kept), 'sold');
  assert.is((await calls.release(saleId, left)).status, 'released');
  await assertLawful(redis, saleId);
});

test('versions that arrive in any order on two connections end at the newest', async () => {
  const saleId = await putSale(redis);
  const other = await another();
  const versions = [5, 2, 9, 3, 8, 4, 7, 6];

  await Promise.all(
    versions.map((version, index) =>
      applySale(index % 2 ? redis : other, {
        sale: saleOf({ saleId, version, tickets: { std: 10 + version } }),
        decisionsMax,
      }),
    ),
  );

  assert.is((await readSale(redis, saleId))?.version, 9);
  assert.equal(await stockOf(redis, saleId), { std: [19, 0, 0] });
  await assertLawful(redis, saleId);
});

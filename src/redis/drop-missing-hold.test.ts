import * as assert from 'uvu/assert';
import { callsOn } from '../testing/redis-calls.ts';
import { linesOf, openTestRedis, putSale } from '../testing/redis-sale.ts';
import { assertLawful, stateOf } from '../testing/redis-state.ts';
import { suite } from '../testing/suite.ts';
import { dropMissingHold } from './drop-missing-hold.ts';
import { saleKey, saleKeys } from './keys.ts';

const test = suite('drop-missing-hold');
const { redis, close } = await openTestRedis();
const calls = callsOn(redis);
test.after(close);

const loseRecord = (saleId: string, holdId: string) => redis.client.hdel(saleKeys(redis.keyPrefix, saleId)[1], holdId);

test('a hold that has a record is left as it is', async () => {
  const saleId = await putSale(redis);
  const { holdId } = await calls.hold(saleId);
  const before = await stateOf(redis, saleId);

  const reply = await dropMissingHold(redis, { saleId, holdId, buyerId: 'alice' });

  assert.is(reply, 'known');
  assert.equal(await stateOf(redis, saleId), before);
});

test('a buyer is left with the holds that have records, and with what was bought; a second time changes nothing', async () => {
  const saleId = await putSale(redis);
  await calls.sell(saleId);
  await calls.hold(saleId);
  const { holdId } = await calls.hold(saleId, { lines: linesOf({ std: 2 }) });
  await loseRecord(saleId, holdId);

  const reply = await dropMissingHold(redis, { saleId, holdId, buyerId: 'alice' });
  const after = await stateOf(redis, saleId);
  const again = await dropMissingHold(redis, { saleId, holdId, buyerId: 'alice' });

  assert.equal([reply, again], ['dropped', 'dropped']);
  assert.equal(await stateOf(redis, saleId), after);
  // Counts are the resync's.
  await redis.client.hincrby(saleKey(redis.keyPrefix, saleId), 'held:std', -2);
  await redis.client.hincrby(saleKey(redis.keyPrefix, saleId), 'available:std', 2);
  await assertLawful(redis, saleId, { isTampered: true });
});

test('a CONFIRMING one leaves the leases, and a buyer with nothing else leaves no memory', async () => {
  const saleId = await putSale(redis);
  const confirming = await calls.hold(saleId);
  await calls.begin(saleId, confirming);
  await loseRecord(saleId, confirming.holdId);

  await dropMissingHold(redis, { saleId, holdId: confirming.holdId, buyerId: 'alice' });

  const { leases, buyers } = await stateOf(redis, saleId);
  assert.equal([[...leases.keys()], [...buyers.keys()]], [['#'], ['']]);
});

test('one that nobody is known to hold leaves the indexes only, and the sentinel of buyers stays', async () => {
  const saleId = await putSale(redis);
  const { holdId } = await calls.hold(saleId);
  await loseRecord(saleId, holdId);

  await dropMissingHold(redis, { saleId, holdId, buyerId: null });
  await dropMissingHold(redis, { saleId, holdId, buyerId: 'bob' });

  const { due, buyers } = await stateOf(redis, saleId);
  assert.equal([...due.keys()], ['#']);
  assert.equal([...buyers.keys()].sort(), ['', 'alice']);
});

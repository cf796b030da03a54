import * as assert from 'uvu/assert';
import { hold, openSale, openTestEngine } from '../testing/engine.ts';
import { suite } from '../testing/suite.ts';
import { createShortages, type Shortage } from './shortages.ts';

const test = suite('the memory of shortages');
// It stands still until a test moves it, so that nothing is forgotten because the machine was slow.
const clock = { nowMs: Date.now() };
const { engine, close } = await openTestEngine({}, { clock: () => clock.nowMs });
test.after(close);

const two = [{ ticketTypeId: 'std', quantity: 2 }];
const one = [{ ticketTypeId: 'std', quantity: 1 }];
const soldOut: Shortage = { status: 'sold_out', ticketTypeIds: ['std'] };
const allHeld = (retryAfterMs: number): Shortage => ({ status: 'all_held', ticketTypeIds: ['std'], retryAfterMs });

function memory(memoryMs: number) {
  const time = { nowMs: 1000 };
  return { time, shortages: createShortages(memoryMs, () => time.nowMs) };
}

test('a shortage is repeated for the same lines of the same sale, for its moment and no longer', () => {
  const { time, shortages } = memory(50);
  shortages.of('a').learn(two, soldOut);

  assert.equal(shortages.of('a').recall(two), soldOut);
  assert.is(shortages.of('a').recall(one), null);
  assert.is(shortages.of('b').recall(two), null);
  time.nowMs += 49;
  assert.equal(shortages.of('a').recall(two), soldOut);
  time.nowMs += 1;
  assert.is(shortages.of('a').recall(two), null);
});

test('nobody is refused from memory after the next hold has lapsed, and the wait shrinks with time', () => {
  const { time, shortages } = memory(50);
  shortages.of('a').learn(two, allHeld(30));
  shortages.of('a').learn(one, allHeld(0));

  assert.is(shortages.of('a').recall(one), null);
  time.nowMs += 20;
  assert.equal(shortages.of('a').recall(two), allHeld(10));
  time.nowMs += 10;
  assert.is(shortages.of('a').recall(two), null);
});

test('a sale that is forgotten is asked about again, and a memory of no time remembers nothing', () => {
  const { shortages } = memory(50);
  const none = memory(0).shortages;
  for (const each of [shortages, none]) each.of('a').learn(two, soldOut);
  shortages.forget('a');

  assert.is(shortages.of('a').recall(two), null);
  assert.is(none.of('a').recall(two), null);
});

test('an answer that was asked for before a sale was forgotten is not learned afterwards', () => {
  const { shortages } = memory(50);
  const before = shortages.of('a');
  shortages.forget('a');

  before.learn(two, soldOut);

  assert.is(shortages.of('a').recall(two), null);
});

test('a client who makes up lines does not make the memory grow', () => {
  const { shortages } = memory(50);

  for (let quantity = 1; quantity <= 1000; quantity++) {
    shortages.of('a').learn([{ ticketTypeId: 'std', quantity }], soldOut);
  }

  const known = Array.from({ length: 1000 }, (_, at) =>
    shortages.of('a').recall([{ ticketTypeId: 'std', quantity: at + 1 }]),
  );
  assert.ok(known.filter((shortage) => shortage !== null).length <= 100);
});

/** Whether Redis was asked, by what it logged since. */
async function asked(saleId: string, work: () => Promise<unknown>): Promise<boolean> {
  const read = async () => (await engine.sales.replayStock(saleId))?.entries;
  const before = await read();
  await work();
  return (await read()) !== before;
}

test('a crowd before an empty counter does not reach Redis, but whoever has a key does', async () => {
  const saleId = await openSale(engine, 1);
  await hold(engine, { saleId, buyerId: 'alice' });
  await engine.reserve({ saleId, buyerId: 'bob', lines: one });

  const crowd = await asked(saleId, () => engine.reserve({ saleId, buyerId: 'carol', lines: one }));
  const keyed = await asked(saleId, () =>
    engine.reserve({ saleId, buyerId: 'dave', lines: one, idempotencyKey: 'mine' }),
  );

  assert.equal([crowd, keyed], [false, true]);
});

test('what this process gives back is had by the next one at once', async () => {
  const saleId = await openSale(engine, 1);
  const { token } = await hold(engine, { saleId, buyerId: 'alice' });
  const refused = await engine.reserve({ saleId, buyerId: 'bob', lines: one });
  await engine.release({ buyerId: 'alice', token });

  const next = await engine.reserve({ saleId, buyerId: 'bob', lines: one });

  assert.equal([refused.status, next.status], ['all_held', 'held']);
});

test('a refusal that is on its way while a hold is given back is not repeated afterwards', async () => {
  const next: string[] = [];

  // Both answers must come in one piece, which is a matter of luck.
  for (let tries = 0; tries < 10; tries++) {
    const saleId = await openSale(engine, 1);
    const { token } = await hold(engine, { saleId, buyerId: 'alice' });
    const refusal = engine.reserve({ saleId, buyerId: 'bob', lines: one });
    await new Promise((resolve) => process.nextTick(() => setImmediate(resolve)));
    await Promise.all([refusal, engine.release({ buyerId: 'alice', token })]);
    next.push((await engine.reserve({ saleId, buyerId: 'bob', lines: one })).status);
  }

  assert.equal(next, Array(10).fill('held'));
});

test('a process that finds at a release that the hold has lapsed asks again', async () => {
  const saleId = await openSale(engine, 1, { holdTtlMs: 1000 });
  const { token } = await hold(engine, { saleId, buyerId: 'alice' });
  const many = [{ ticketTypeId: 'std', quantity: 2 }];
  const ask = () => engine.reserve({ saleId, buyerId: 'bob', lines: many });
  clock.nowMs += 1010;
  await ask();
  await engine.release({ buyerId: 'alice', token });

  assert.is(await asked(saleId, ask), true);
});

test('tickets that an admin adds are had at once', async () => {
  const saleId = await openSale(engine, 0);
  const refused = await engine.reserve({ saleId, buyerId: 'bob', lines: one });
  const change = { actorId: 'ops', requestId: 'test', saleId, ticketTypeId: 'std', delta: 1, reason: 'a test' };
  await engine.sales.changeCapacity(change);

  const next = await engine.reserve({ saleId, buyerId: 'bob', lines: one });

  assert.equal([refused.status, next.status], ['sold_out', 'held']);
});

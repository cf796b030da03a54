import * as assert from 'uvu/assert';
import { explainDecision } from '../domain/decision.ts';
import { readDecisionsAfter } from '../redis/decisions.ts';
import { decisionsKey, saleKey } from '../redis/keys.ts';
import { redisOf } from '../testing/agreement.ts';
import { admin, hold, openSale, openTestEngine } from '../testing/engine.ts';
import { suite } from '../testing/suite.ts';

const test = suite('decisions of a sale');
const opened = await openTestEngine();
const { engine } = opened;
const redis = await redisOf(opened);
test.after(async () => {
  redis.end();
  await opened.close();
});

const one = [{ ticketTypeId: 'std', quantity: 1 }];

test('a crowd that buys, gives back and is refused replays without a gap, whoever reads meanwhile', async () => {
  const saleId = await openSale(engine, 20);
  const buyers = Array.from({ length: 60 }, (_, index) => `buyer-${index}`);

  const reading = { stop: false, gaps: 0 };
  const reader = (async () => {
    while (!reading.stop) reading.gaps += (await engine.sales.replayStock(saleId))?.gaps.length ?? 1;
  })();
  await Promise.all(
    buyers.map(async (buyerId, index) => {
      const outcome = await engine.reserve({ buyerId, saleId, lines: one });
      if (outcome.status !== 'held') return;
      const { token } = outcome.hold;
      await (index % 3 === 0 ? engine.release({ buyerId, token }) : engine.confirm({ buyerId, token }));
    }),
  );
  const change = { ...admin, saleId, ticketTypeId: 'std', reason: 'a test' };
  await engine.sales.changeCapacity({ ...change, delta: 5 });
  await engine.sales.changeCapacity({ ...change, delta: -1 });
  await engine.sales.resync({ ...admin, saleId, dryRun: false, reason: 'a test' });
  reading.stop = true;
  await reader;

  const replayed = await engine.sales.replayStock(saleId);
  const { available, held, sold } = (await engine.sales.stock(saleId))?.[0] ?? {};
  assert.is(reading.gaps, 0);
  assert.equal(replayed?.gaps, []);
  assert.equal(replayed?.counts.get('std'), { available, held, sold });
  assert.ok(replayed && replayed.decisions >= buyers.length, String(replayed?.decisions));
});

test('a ticket that vanishes by a hand in Redis shows as a gap between two decisions', async () => {
  const saleId = await openSale(engine, 5);
  await hold(engine, { saleId, buyerId: 'alice' });
  await redis.client.hincrby(saleKey(redis.keyPrefix, saleId), 'available:std', -1);
  const whileQuiet = await engine.sales.replayStock(saleId);
  await hold(engine, { saleId, buyerId: 'bob' });

  const replayed = await engine.sales.replayStock(saleId);

  const counts = { expected: { available: 4, held: 1, sold: 0 }, found: { available: 3, held: 1, sold: 0 } };
  assert.equal(
    whileQuiet?.gaps.map(({ beforeEntryId, expected, found }) => ({ beforeEntryId, expected, found })),
    [{ beforeEntryId: null, ...counts }],
  );
  assert.is(replayed?.gaps.length, 1);
  assert.is(replayed?.gaps[0]?.afterEntryId, whileQuiet?.lastEntryId);
  assert.is(replayed?.gaps[0]?.beforeEntryId, replayed?.lastEntryId);
});

test('a buyer who was refused is told why, page by page, newest first', async () => {
  const saleId = await openSale(engine, 3);
  await hold(engine, { saleId, buyerId: 'alice', lines: [{ ticketTypeId: 'std', quantity: 2 }] });
  const rounds = Array.from({ length: 7 }, (_, index) => index);
  await Promise.all(
    rounds.map(() => engine.reserve({ buyerId: 'bob', saleId, lines: [{ ticketTypeId: 'std', quantity: 2 }] })),
  );
  await hold(engine, { saleId, buyerId: 'carol' });

  const seen: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await engine.sales.decisions({ saleId, buyerId: 'bob', limit: 3, cursor });
    seen.push(...(page?.items ?? []).map((decision) => `${decision.decisionId} ${explainDecision(decision)}`));
    cursor = page?.nextCursor ?? undefined;
  } while (cursor !== undefined);
  const everybody = await engine.sales.decisions({ saleId, limit: 100 });

  assert.is(new Set(seen).size, 7);
  const why = '2 of std wanted; of std 1 were available and 2 held: unpaid ones may come back';
  assert.ok(
    seen.every((line) => line.endsWith(why)),
    seen.join('\n'),
  );
  assert.equal(everybody?.items.map(({ verb, outcome, buyerId }) => [verb, outcome, buyerId]).slice(0, 2), [
    ['place', 'placed', 'carol'],
    ['place', 'all_held', 'bob'],
  ]);
  assert.is(everybody?.items.length, 10);
});

test('the decisions about one hold are its life', async () => {
  const saleId = await openSale(engine, 5);
  const { holdId, token } = await hold(engine, { saleId, buyerId: 'alice' });
  await hold(engine, { saleId, buyerId: 'bob' });
  await engine.confirm({ buyerId: 'alice', token });

  const page = await engine.sales.decisions({ saleId, holdId, limit: 10 });

  assert.equal(
    page?.items.map(({ verb, outcome }) => `${verb} ${outcome}`),
    ['finish sold', 'begin begun', 'place placed'],
  );
});

test('a sale that does not exist has no decisions, and a cursor that is not ours is refused', async () => {
  const saleId = await openSale(engine, 5);

  assert.is(await engine.sales.decisions({ saleId: 'none', limit: 10 }), null);
  assert.is(await engine.sales.replayStock('none'), null);
  for (const cursor of ['x', Buffer.from('1-0 -1').toString('base64url'), Buffer.from('- 0').toString('base64url')]) {
    const failure = await engine.sales.decisions({ saleId, limit: 10, cursor }).catch((error: Error) => error);
    assert.instance(failure, Error, cursor);
  }
});

test('a cursor that points beyond what its entry holds reads on from the end of that entry', async () => {
  const saleId = await openSale(engine, 5);
  await hold(engine, { saleId, buyerId: 'alice' });
  const newest = (await engine.sales.decisions({ saleId, limit: 1 }))?.items[0]?.decisionId.split('.')[0];
  const cursor = Buffer.from(`${newest} 999999999`).toString('base64url');

  const page = await engine.sales.decisions({ saleId, buyerId: 'alice', limit: 10, cursor });

  assert.equal(
    page?.items.map(({ outcome }) => outcome),
    ['placed'],
  );
});

test('a log that is cut off or vanishes under its reader ends the replay, and makes no gap', async () => {
  const saleId = await openSale(engine, 50, { buyerTicketsMax: 50 });
  for (let round = 0; round < 5; round++) await hold(engine, { saleId, buyerId: 'alice' });
  const key = decisionsKey(redis.keyPrefix, saleId);
  const { entries } = await readDecisionsAfter(redis, { saleId, after: null, count: 2 });
  const after = entries.at(-1)?.entryId ?? null;

  await redis.client.xtrim(key, 'MAXLEN', 2);
  const lapped = await readDecisionsAfter(redis, { saleId, after, count: 10 });
  await redis.client.del(key);
  const gone = await readDecisionsAfter(redis, { saleId, after, count: 10 });

  assert.equal([lapped.isWhole, lapped.entries.length, lapped.counts !== null], [false, 2, true]);
  assert.equal([gone.isWhole, gone.entries.length, gone.counts !== null], [false, 0, true]);
  assert.equal((await engine.sales.replayStock(saleId))?.gaps, []);
});

test('a bound that was changed reaches a sale that runs', async () => {
  const saleId = await openSale(engine, 5);
  const off = await openTestEngine({ DECISIONS_MAX: '0' }, { sharing: opened });
  const [row] = (await off.engine.work.unsettled()).filter((sale) => sale.saleId === saleId);
  if (!row) throw new Error('the sale is not listed');

  await off.engine.work.reconcileSale(row);
  await hold(engine, { saleId, buyerId: 'alice' });
  await off.close();

  assert.equal(await engine.sales.decisions({ saleId, limit: 10 }), { items: [], nextCursor: null });
});

import * as assert from 'uvu/assert';
import { explainDecision } from '../domain/decision.ts';
import { readScripts, returnedWords } from '../testing/lua-scripts.ts';
import { callsOn, placing } from '../testing/redis-calls.ts';
import { decisionsMax, linesOf, openTestRedis, putSale, saleOf } from '../testing/redis-sale.ts';
import { suite } from '../testing/suite.ts';
import { applySale } from './apply-sale.ts';
import { readDecisionsAfter, readDecisionsBefore } from './decisions.ts';
import { freezeConfirms } from './freeze-confirms.ts';
import { decisionsKey } from './keys.ts';
import { resyncSale } from './resync-sale.ts';
import { withdrawStock } from './withdraw-stock.ts';

const test = suite('the decision log');
const { redis, time, close } = await openTestRedis();
test.after(close);
const calls = callsOn(redis);

/** The log since the sale was put, as `verb outcome buyer lines detail`, oldest first. */
async function told(saleId: string): Promise<string[]> {
  const { entries } = await readDecisionsAfter(redis, { saleId, after: null, count: 1000 });
  return entries
    .flatMap(({ decisions }) => decisions)
    .slice(1)
    .map(({ verb, outcome, buyerId, lines, detail }) => {
      const packed = lines.map((line) => `${line.ticketTypeId}:${line.quantity}`).join();
      return [verb, outcome, buyerId, packed, detail].join(' ').trim();
    });
}

test('an installed sale begins its log with its counts', async () => {
  const saleId = await putSale(redis, { tickets: { std: 10, vip: 2 }, sold: { std: 3 }, epoch: 7 });

  const { entries } = await readDecisionsAfter(redis, { saleId, after: null, count: 10 });

  assert.equal(
    entries.map(({ decisions }) => decisions.map(({ verb, outcome, detail }) => [verb, outcome, detail])),
    [[['install', 'installed', '7']]],
  );
  assert.equal(Object.fromEntries(entries[0]?.counts ?? []), {
    std: { available: 7, held: 0, sold: 3 },
    vip: { available: 2, held: 0, sold: 0 },
  });
});

test('a place tells what was wanted, by whom, and what there was', async () => {
  const saleId = await putSale(redis, { tickets: { std: 2 } });
  const wanted = placing({ lines: linesOf({ std: 2 }) });

  await calls.place(saleId, wanted);
  await calls.place(saleId, wanted);
  await calls.place(saleId, { ...wanted, lines: linesOf({ std: 1 }) });
  await calls.place(saleId, placing({ buyerId: 'bob;\u0000\n,:', lines: linesOf({ std: 1 }) }));
  await calls.place(saleId, placing({ buyerId: 'bob', lines: linesOf({ std: 3 }) }));
  await calls.place(saleId, placing({ lines: linesOf({ std: 3 }) }));
  await calls.place(saleId, placing({ lines: linesOf({ vip: 1 }) }));

  assert.equal(await told(saleId), [
    `place placed alice std:2 ${time.nowMs + 60_000}`,
    'place exists alice std:2 H',
    'place mismatch alice std:1 std:2',
    'place all_held bob;\u0000\n,: std:1 std:0:2',
    'place sold_out bob std:3 std:0:2',
    'place limit_reached alice std:3 buyer,4,2,0',
    'place ticket_type_not_found alice vip:1 vip',
  ]);
});

test('a confirm tells of its beginning, its failure and its end', async () => {
  const saleId = await putSale(redis);
  const hold = await calls.hold(saleId);

  await calls.begin(saleId, hold, 'attempt-1');
  await calls.abort(saleId, hold, 'attempt-1');
  await calls.abort(saleId, hold, 'attempt-1');
  await calls.begin(saleId, hold, 'attempt-2');
  await calls.finish(saleId, hold);
  await calls.finish(saleId, hold);
  await calls.begin(saleId, { ...hold, holdId: 'nobody' }, 'attempt-3');

  assert.equal((await told(saleId)).slice(1), [
    'begin begun alice std:1 attempt-1',
    'abort reopened alice std:1 attempt-1',
    'abort ignored alice std:1 attempt-1',
    'begin begun alice std:1 attempt-2',
    'finish sold alice std:1',
    'finish already alice std:1',
    'begin unknown alice std:1 attempt-3',
  ]);
});

test('whatever gives back tells it once, whoever found it', async () => {
  const saleId = await putSale(redis, { tickets: { std: 10 } });
  const released = await calls.hold(saleId);
  const voided = await calls.hold(saleId);
  const [swept, begun] = [await calls.hold(saleId, { buyerId: 'bob' }), await calls.hold(saleId, { buyerId: 'cy' })];

  await calls.release(saleId, released);
  await calls.release(saleId, released);
  await calls.giveBack(saleId, voided);
  await calls.giveBack(saleId, voided);
  time.nowMs += 60_000;
  await calls.begin(saleId, begun, 'late');
  await calls.expire(saleId);
  await calls.expire(saleId);
  time.nowMs -= 60_000;

  assert.is(swept.buyerId, 'bob');
  assert.equal((await told(saleId)).slice(4), [
    'release released alice std:1',
    'release replayed alice std:1',
    'void given_back alice std:1',
    'expire expired alice std:1',
    'expire expired cy std:1',
    'begin expired cy std:1 late',
    'expire expired bob std:1',
  ]);
});

test('what admins change tells by how much, and a resync what it found', async () => {
  const saleId = await putSale(redis);
  const hold = await calls.hold(saleId);
  await calls.begin(saleId, hold);

  await applySale(redis, { sale: saleOf({ saleId, version: 2, tickets: { std: 12 } }), decisionsMax });
  await withdrawStock(redis, { saleId, operationId: 'one', ticketTypeId: 'std', quantity: 2 });
  await withdrawStock(redis, { saleId, operationId: 'one', ticketTypeId: 'std', quantity: 2 });
  await withdrawStock(redis, { saleId, operationId: 'two', ticketTypeId: 'std', quantity: 50 });
  const { epoch, finishes } = await freezeConfirms(redis, { saleId, freezeMs: 1 });
  const ticketTypes = [{ ticketTypeId: 'std', capacity: 10, sold: 1 }];
  const input = { saleId, epoch, finishes, recountMax: 100, ticketTypes, committedHoldIds: [hold.holdId] };
  await resyncSale(redis, { ...input, apply: false });
  await resyncSale(redis, { ...input, apply: true });

  assert.equal((await told(saleId)).slice(2), [
    'apply applied   std:2',
    'withdraw withdrawn   std:-2',
    'withdraw insufficient   std:-50',
    'resync resynced   std:9:1:0',
    'resync sold alice std:1',
  ]);
});

test('each entry carries the counts that its call left behind', async () => {
  const saleId = await putSale(redis, { tickets: { std: 10, vip: 3 } });
  await calls.placeAll(saleId, [placing(), placing({ buyerId: 'bob', lines: linesOf({ std: 2, vip: 1 }) })]);
  await calls.expire(saleId);

  const { entries, counts } = await readDecisionsAfter(redis, { saleId, after: null, count: 10 });

  assert.is(entries.length, 2, 'a sweep that found nothing leaves no entry');
  const expected = { std: { available: 7, held: 3, sold: 0 }, vip: { available: 2, held: 1, sold: 0 } };
  assert.equal(Object.fromEntries(entries[1]?.counts ?? []), expected);
  assert.equal(Object.fromEntries(counts ?? []), expected);
});

test('the log is bounded, and off where its bound is 0', async () => {
  const saleId = await putSale(redis, { tickets: { std: 1 } });
  const key = decisionsKey(redis.keyPrefix, saleId);
  const long = 'x'.repeat(2000);
  await applySale(redis, { sale: saleOf({ saleId, version: 2 }), decisionsMax: 5 });

  for (let round = 0; round < 20; round++) await calls.place(saleId, placing({ buyerId: `${long}${round}` }));
  const bounded = await redis.client.xlen(key);
  await applySale(redis, { sale: saleOf({ saleId, version: 3 }), decisionsMax: 0 });
  await calls.place(saleId, placing());

  // Redis drops whole nodes of its list, each of some kilobytes.
  assert.ok(bounded >= 5 && bounded <= 8, String(bounded));
  assert.equal(await readDecisionsBefore(redis, { saleId, from: null, count: 1 }), [], 'a log that is off is dropped');
});

test('a call that ends more holds than Lua passes arguments logs all of them', async () => {
  const saleId = await putSale(redis, { tickets: { std: 5000 } });
  const items = Array.from({ length: 4500 }, (_, index) => placing({ buyerId: `buyer-${index}` }));
  for (let at = 0; at < items.length; at += 500) await calls.placeAll(saleId, items.slice(at, at + 500));

  time.nowMs += 60_000;
  await calls.expire(saleId, 4500);
  time.nowMs -= 60_000;

  const decisions = (await told(saleId)).filter((line) => line.startsWith('expire expired'));
  assert.is(decisions.length, 4500);
});

test('every word that a script answers of a hold has an explanation of its own', () => {
  const itemScripts = ['place', 'begin', 'abort', 'finish', 'release'];
  const wholeCall = ['lost', 'ok', 'frozen'];
  const unexplained = readScripts().flatMap(({ name, body }) => {
    const verb = name.split('-')[0] ?? '';
    if (!itemScripts.includes(verb)) return [];
    const words = returnedWords(body).filter((word) => !wholeCall.includes(word));
    const empty = { decisionId: '', atMs: 0, holdId: '', buyerId: '', lines: [], detail: '0' };
    return words.filter((outcome) => explainDecision({ ...empty, verb, outcome }) === `${verb}: ${outcome}`);
  });

  assert.equal(unexplained, []);
});

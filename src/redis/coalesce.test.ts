import { setImmediate as nextTurn } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { InvariantError, SaleLostError, UnavailableError } from '../domain/errors.ts';
import { keptBytes } from '../testing/kept-bytes.ts';
import { limits, placing } from '../testing/redis-calls.ts';
import { linesOf, openTestRedis, putSale } from '../testing/redis-sale.ts';
import { assertLawful } from '../testing/redis-state.ts';
import { suite } from '../testing/suite.ts';
import { coalesce } from './coalesce.ts';
import { type PlaceReply, type Placing, placeHolds } from './place-holds.ts';

const test = suite('coalesce');
const { redis, close } = await openTestRedis();
test.after(close);

type Batch = { key: string; items: number[] };

/** Coalesces numbers into batches that are noted down and answered by `answer`, each number by its tenfold by default. */
function tenfold(options: {
  weightMax?: number;
  weigh?: (item: number) => number;
  answer?: (batch: Batch, batches: Batch[]) => Promise<number[]>;
}) {
  const batches: Batch[] = [];
  const call = coalesce<number, number>({
    weigh: options.weigh ?? (() => 1),
    weightMax: options.weightMax ?? 100,
    run: async (key, items) => {
      batches.push({ key, items: [...items] });
      return options.answer ? options.answer({ key, items }, batches) : items.map((item) => item * 10);
    },
  });
  return { call, batches };
}

const outcomes = (calls: Promise<number>[]) =>
  Promise.all(calls.map((call) => call.catch((error: unknown) => error as Error)));

test('calls of one turn are one batch in their order, and each caller gets its own reply', async () => {
  const { call, batches } = tenfold({});

  const replies = await Promise.all([3, 1, 2, 1].map((item) => call('a', item)));

  assert.equal(replies, [30, 10, 20, 10]);
  assert.equal(batches, [{ key: 'a', items: [3, 1, 2, 1] }]);
});

test('what was called in a turn is on its way for all of its callers at once, answered or not', async () => {
  const { call, batches } = tenfold({ answer: () => new Promise(() => undefined) });
  const told: string[] = [];
  const tell = (name: string) => call.sent().then(() => told.push(`${name} after ${batches.length}`));

  for (const name of ['first', 'second']) {
    void call('a', 1);
    void tell(name);
  }
  void call('b', 1);
  assert.equal(batches, []);
  await call.sent();

  assert.equal(told, ['first after 2', 'second after 2']);
  await call.sent();
});

test('calls that promises of the same turn lead to are in its batch', async () => {
  const { call, batches } = tenfold({});

  const first = call('a', 1);
  await Promise.resolve();
  await Promise.resolve();
  const replies = await Promise.all([first, call('a', 2)]);

  assert.equal(replies, [10, 20]);
  assert.equal(batches, [{ key: 'a', items: [1, 2] }]);
});

test('calls of the next turn are another batch, also while the first is still under way', async () => {
  const { call, batches } = tenfold({
    answer: async ({ items }) => {
      if (items[0] === 1) await nextTurn().then(() => nextTurn());
      return items.map((item) => item * 10);
    },
  });

  const first = call('a', 1);
  await nextTurn();
  const second = call('a', 2);
  const order: number[] = [];
  await Promise.all([first.then((reply) => order.push(reply)), second.then((reply) => order.push(reply))]);

  assert.equal(batches, [
    { key: 'a', items: [1] },
    { key: 'a', items: [2] },
  ]);
  assert.is(order.length, 2);
});

test('a batch is cut before it weighs too much, and one item is never too heavy', async () => {
  const { call, batches } = tenfold({ weightMax: 10, weigh: (item) => item });

  const items = [4, 6, 1, 25, 3, 3, 3, 3];
  const replies = await Promise.all(items.map((item) => call('a', item)));

  assert.equal(
    batches.map((batch) => batch.items),
    [[4, 6], [1], [25], [3, 3, 3], [3]],
  );
  assert.equal(
    replies,
    items.map((item) => item * 10),
  );
});

test('keys are never mixed, however their calls alternate', async () => {
  const { call, batches } = tenfold({});
  const keys = ['a', 'b', '__proto__', 'a', '__proto__', 'b', 'constructor'];

  const replies = await Promise.all(keys.map((key, index) => call(key, index)));

  assert.equal(
    replies,
    keys.map((_, index) => index * 10),
  );
  assert.equal(batches, [
    { key: 'a', items: [0, 3] },
    { key: 'b', items: [1, 5] },
    { key: '__proto__', items: [2, 4] },
    { key: 'constructor', items: [6] },
  ]);
});

test('a batch that was not answered is repeated once with the same items', async () => {
  const { call, batches } = tenfold({
    answer: async ({ items }, all) => {
      if (all.length === 1) throw new UnavailableError('no answer', { cause: new Error('timed out') });
      return items.map((item) => item * 10);
    },
  });

  const replies = await Promise.all([call('a', 1), call('a', 2)]);

  assert.equal(replies, [10, 20]);
  assert.equal(batches, Array(2).fill({ key: 'a', items: [1, 2] }));
});

test('a batch that is not answered twice fails for each of its callers, and for nobody else', async () => {
  const { call, batches } = tenfold({
    answer: async ({ key, items }) => {
      if (key === 'a') throw new UnavailableError('no answer', { cause: new Error('timed out') });
      return items.map((item) => item * 10);
    },
  });

  const replies = await outcomes([call('a', 1), call('b', 2), call('a', 3)]);

  assert.instance(replies[0], UnavailableError);
  assert.is(replies[1], 20);
  assert.is(replies[2], replies[0]);
  assert.is(batches.filter((batch) => batch.key === 'a').length, 2);
});

test('a repeat that fails otherwise tells how it failed', async () => {
  const { call } = tenfold({
    answer: async (_batch, all) => {
      throw all.length === 1 ? new UnavailableError('no answer', { cause: 'x' }) : new SaleLostError('sale-1');
    },
  });

  const [reply] = await outcomes([call('a', 1)]);

  assert.instance(reply, SaleLostError);
});

test('what was surely not done, or can never be done, is not repeated', async () => {
  for (const error of [
    new UnavailableError('not connected'),
    new SaleLostError('sale-1'),
    new InvariantError('a bug'),
  ]) {
    const { call, batches } = tenfold({ answer: () => Promise.reject(error) });

    const replies = await outcomes([call('a', 1), call('a', 2)]);

    assert.equal(replies, [error, error]);
    assert.is(batches.length, 1);
  }
});

test('one failed batch leaves the other batches of its key alone', async () => {
  const { call } = tenfold({
    weightMax: 1,
    answer: async ({ items }) => {
      if (items[0] === 2) throw new InvariantError('a bug');
      return items.map((item) => item * 10);
    },
  });

  const replies = await outcomes([call('a', 1), call('a', 2), call('a', 3)]);

  assert.equal([replies[0], replies[2]], [10, 30]);
  assert.instance(replies[1], InvariantError);
});

test('an idle caller waits for the end of its own turn and for no timer', async () => {
  const { call, batches } = tenfold({});
  const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
  const before = timers();

  const reply = call('a', 1);
  const during = timers();
  const sentInTheSameTurn = batches.length;
  await nextTurn();
  const sentInTheNext = batches.length;

  assert.is(await reply, 10);
  assert.is(during, before);
  assert.equal([sentInTheSameTurn, sentInTheNext], [0, 1]);
});

test('it can be used again after any number of turns', async () => {
  const { call, batches } = tenfold({});

  for (let turn = 0; turn < 100; turn++) assert.is(await call('a', turn), turn * 10);

  assert.is(batches.length, 100);
});

test('a hundred placings of one turn reach Redis as few scripts and are decided in their order', async () => {
  const saleId = await putSale(redis, { tickets: { std: 70 } });
  let scripts = 0;
  const place = coalesce<Placing, PlaceReply>({
    weigh: (item) => item.lines.length,
    weightMax: 64,
    run: (key, items) => {
      scripts++;
      return placeHolds(redis, { saleId: key, items, options: { ...limits.place, ...limits.memory } });
    },
  });
  const items = Array.from({ length: 100 }, (_, index) =>
    placing({ buyerId: `buyer-${index}`, lines: linesOf({ std: 1 }) }),
  );

  const replies = await Promise.all(items.map((item) => place(saleId, item)));

  assert.is(scripts, 2);
  assert.equal(
    replies.map((reply) => reply.status),
    [...Array(70).fill('placed'), ...Array(30).fill('all_held')],
  );
  await assertLawful(redis, saleId);
});

test('what a batch was about is not kept alive by the batches after it', async () => {
  const call = coalesce<number[], number>({
    run: async (_key, items) => items.map((item) => item.length),
    weigh: () => 1,
    weightMax: 100,
  });

  const kept = await keptBytes(async () => {
    for (let batch = 0; batch < 10; batch += 1) {
      const items = Array.from({ length: 20 }, (_, n) => Array.from({ length: 100 }, () => n + 0.5));
      await Promise.all(items.map((item) => call('a', item)));
    }
  });

  assert.ok(kept < 1_000_000, `${kept} bytes`);
});

import * as assert from 'uvu/assert';
import { UnavailableError } from '../domain/errors.ts';
import { suite } from '../testing/suite.ts';
import { createFresh } from './fresh.ts';
import { createLookup } from './lookup.ts';

const test = suite('lookups that many share');

/** A reader whose answers are given by hand. */
function handReader() {
  const asked: { id: string; answer: (found: { id: string } | null) => void }[] = [];
  const read = (id: string) => new Promise<{ id: string } | null>((answer) => asked.push({ id, answer }));
  return { asked, read };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test('one id is read once however many ask, and remembered', async () => {
  const { asked, read } = handReader();
  const lookup = createLookup(read);

  const asking = [lookup.find('a'), lookup.find('a')];
  asked[0]?.answer({ id: 'a' });
  const found = await Promise.all([...asking, lookup.find('a')]);

  assert.is(asked.length, 1);
  assert.equal(
    found.map((each) => each?.id),
    ['a', 'a', 'a'],
  );
});

test('who asked first goes on first, also when all of them have waited for the same read', async () => {
  const { asked, read } = handReader();
  const lookup = createLookup(read);
  const order: number[] = [];

  const asking = [1, 2, 3].map(async (number) => {
    await lookup.find('a');
    order.push(number);
  });
  asked[0]?.answer({ id: 'a' });
  await Promise.all(asking);

  assert.equal(order, [1, 2, 3]);
});

test('what is forgotten while it is read answers who waits, unknown or not, and is not kept', async () => {
  const { asked, read } = handReader();
  const lookup = createLookup(read);

  const asking = lookup.find('a');
  lookup.forget('a');
  asked[0]?.answer(null);
  const before = await asking;
  const again = lookup.find('a');
  asked[1]?.answer({ id: 'a' });

  assert.is(before, null);
  assert.is((await again)?.id, 'a');
});

test('ids that nobody knows are asked for two at a time, five hundred may wait, and more are refused', async () => {
  const { asked, read } = handReader();
  const lookup = createLookup(read);

  const asking = Array.from({ length: 503 }, (_, n) => lookup.find(`id-${n}`).catch((error: unknown) => error));
  await turn();
  const atOnce = asked.length;
  for (let n = 0; n < 502; n++) {
    asked[n]?.answer(null);
    await turn();
  }
  const answers = await Promise.all(asking);

  assert.is(atOnce, 2);
  assert.is(answers.filter((answer) => answer === null).length, 502);
  assert.instance(answers[502], UnavailableError);
});

test('a shared reading that fails is not kept', async () => {
  const results = [() => Promise.reject(new UnavailableError('away')), () => Promise.resolve(7)];
  const fresh = createFresh(60_000, () => (results.shift() ?? (() => Promise.resolve(0)))());

  const failed = await Promise.all([fresh.get(), fresh.get()].map((get) => get.catch((error: unknown) => error)));
  const read = [await fresh.get(), await fresh.get()];

  for (const error of failed) assert.instance(error, UnavailableError);
  assert.equal(read, [7, 7]);
});

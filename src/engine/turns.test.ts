import * as assert from 'uvu/assert';
import { suite } from '../testing/suite.ts';
import { failureOf } from '../testing/until.ts';
import { createPace } from './pace.ts';
import { createNamedTurns } from './turns.ts';

const test = suite('taking turns, and pausing between them');

/** A work that ends when it is told to. */
function held(happened: string[], name: string) {
  let end: () => void = () => undefined;
  const promise = new Promise<void>((resolve) => {
    end = resolve;
  });
  const work = async () => {
    happened.push(`${name} begins`);
    await promise;
    happened.push(`${name} ends`);
  };
  return { work, end: () => end() };
}

test('works of one name take turns, and those of another name do not wait for them', async () => {
  const turns = createNamedTurns();
  const happened: string[] = [];
  const [first, second, other] = [held(happened, 'first'), held(happened, 'second'), held(happened, 'other')];
  const row = [turns.run('a', first.work)];
  await Promise.resolve();
  row.push(turns.run('a', second.work));
  other.end();

  await turns.run('b', other.work);
  second.end();
  first.end();
  await Promise.all(row);

  assert.equal(happened, ['first begins', 'other begins', 'other ends', 'first ends', 'second begins', 'second ends']);
});

test('who asks while another one waits is answered by the same work, and who asks later is not', async () => {
  const turns = createNamedTurns<number>();
  let works = 0;
  const count = async () => ++works;
  const first = turns.run('a', count);
  await Promise.resolve();

  const waiting = [turns.run('a', count), turns.run('a', count)];
  const answers = await Promise.all([first, ...waiting]);
  const later = await turns.run('a', count);

  assert.equal([...answers, later], [1, 2, 2, 3]);
});

test('a name is busy while somebody works or waits under it, and a failure ends that too', async () => {
  const turns = createNamedTurns();
  const work = held([], 'work');
  const row = [turns.run('a', work.work)];
  await Promise.resolve();
  row.push(failureOf(() => turns.run('a', () => Promise.reject(new Error('broken')))).then(() => undefined));
  const seen = [turns.isBusy('a'), turns.isBusy('b')];

  work.end();
  await row[0];
  seen.push(turns.isBusy('a'));
  await row[1];
  seen.push(turns.isBusy('a'));

  assert.equal(seen, [true, false, true, false]);
});

test('next to no work is not paused for', async () => {
  const isPaused = () =>
    Promise.race([
      createPace()().then(() => false),
      new Promise<boolean>((resolve) => {
        setImmediate(resolve, true);
      }),
    ]);

  const tries = await Promise.all(Array.from({ length: 100 }, isPaused));

  // Where the machine stood still between two lines, that was work to the pace.
  assert.ok(tries.includes(false));
});

test('a pause is in proportion to the work before it', async () => {
  const pause = createPace();
  await new Promise((resolve) => setTimeout(resolve, 60));
  const before = performance.now();

  await pause();

  const pausedMs = performance.now() - before;
  assert.ok(pausedMs >= 18, `a pause after long work: ${pausedMs} ms`);
});

import * as assert from 'uvu/assert';
import { suite } from '../testing/suite.ts';
import type { Decision } from './decision.ts';
import type { StockCounts } from './sale.ts';
import { beginReplay, type DecisionEntry, endReplay, parseStock, replayEntry } from './stock-replay.ts';

const test = suite('stock replayed from decisions');

/** An entry of decisions such as `place placed std:2`, and the counts it left behind. */
function entry(entryId: string, decisions: string[], stock = ''): DecisionEntry {
  return { entryId, decisions: decisions.map(decision), counts: parseStock(stock) };
}

function decision(text: string): Decision {
  const [verb = '', outcome = '', lines = '', detail = ''] = text.split(' ');
  const about = { decisionId: '1-0.0', atMs: 1, verb, outcome, holdId: 'hold', buyerId: 'alice', detail };
  const parsed = lines === '' ? [] : lines.split('+').map((line) => line.split(':'));
  return { ...about, lines: parsed.map(([ticketTypeId = '', n]) => ({ ticketTypeId, quantity: Number(n) })) };
}

function replayed(entries: DecisionEntry[], now?: string) {
  const replay = beginReplay();
  for (const each of entries) replayEntry(replay, each);
  if (now !== undefined) endReplay(replay, parseStock(now));
  return replay;
}

const start = entry('1-0', ['install installed'], 'std:10:0:0,vip:2:0:0');
const counts = (available: number, held: number, sold: number): StockCounts => ({ available, held, sold });

test('every decision that moves units moves them where its script does', () => {
  const replay = replayed([
    start,
    entry('2-0', ['place placed std:4+vip:1'], 'std:6:4:0,vip:1:1:0'),
    entry('3-0', ['finish sold std:4+vip:1'], 'std:6:0:4,vip:1:0:1'),
    entry('4-0', ['place placed std:2', 'place placed std:3'], 'std:1:5:4'),
    entry('5-0', ['expire expired std:2', 'release released std:3'], 'std:6:0:4'),
    entry('6-0', ['finish debited std:1'], 'std:5:0:5'),
    entry('7-0', ['apply applied  std:7'], 'std:12:0:5'),
    entry('8-0', ['withdraw withdrawn  std:-2'], 'std:10:0:5'),
  ]);

  assert.equal(replay.gaps, []);
  assert.equal(
    [...replay.counts],
    [
      ['std', counts(10, 0, 5)],
      ['vip', counts(1, 0, 1)],
    ],
  );
});

test('a decision that refuses or repeats moves nothing', () => {
  const words = ['place all_held', 'place exists', 'begin begun', 'begin expired', 'abort reopened', 'finish already'];
  const refusals = [...words, 'release replayed', 'release expired', 'void given_back', 'withdraw insufficient'];

  const replay = replayed(
    [
      start,
      entry(
        '2-0',
        refusals.map((words) => `${words} std:3 std:-3`),
      ),
    ],
    'std:10:0:0,vip:2:0:0',
  );

  assert.equal(replay.gaps, []);
});

test('counts that no decision explains are a gap between two entries, and the replay goes on from there', () => {
  const replay = replayed(
    [start, entry('2-0', ['place placed std:1'], 'std:8:1:0'), entry('3-0', ['place placed std:1'], 'std:7:2:0')],
    'std:7:2:0',
  );

  assert.equal(replay.gaps, [
    {
      ticketTypeId: 'std',
      afterEntryId: '1-0',
      beforeEntryId: '2-0',
      expected: counts(9, 1, 0),
      found: counts(8, 1, 0),
    },
  ]);
});

test('a change after the last decision is a gap without an end', () => {
  const replay = replayed([start], 'std:10:0:0,vip:3:0:0');

  assert.equal(replay.gaps, [
    {
      ticketTypeId: 'vip',
      afterEntryId: '1-0',
      beforeEntryId: null,
      expected: counts(2, 0, 0),
      found: counts(3, 0, 0),
    },
  ]);
});

test('a resync shows the drift that it found, and what it set is no gap', () => {
  const replay = replayed(
    [start, entry('2-0', ['resync resynced  std:7:0:0,vip:2:0:0', 'resync sold std:1'], 'std:9:0:1,vip:2:0:0')],
    'std:9:0:1,vip:2:0:0',
  );

  assert.equal(replay.gaps, [
    {
      ticketTypeId: 'std',
      afterEntryId: '1-0',
      beforeEntryId: '2-0',
      expected: counts(10, 0, 0),
      found: counts(7, 0, 0),
    },
  ]);
});

test('a rebuild counts anew, and what stood there before says nothing', () => {
  const replay = replayed([start, entry('2-0', ['install installed'], 'std:3:1:6,vip:2:0:0')], 'std:3:1:6,vip:2:0:0');

  assert.equal(replay.gaps, []);
});

test('a log that was cut begins with the first counts it tells of', () => {
  const replay = replayed(
    [entry('5-0', ['place placed std:1']), entry('6-0', ['place placed std:1'], 'std:6:4:0')],
    'std:6:4:0,vip:1:1:0',
  );

  assert.equal(replay.gaps, []);
  assert.equal(replay.counts.get('std'), counts(6, 4, 0));
});

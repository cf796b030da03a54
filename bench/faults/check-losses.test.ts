import * as assert from 'uvu/assert';
import { suite } from '../../src/testing/suite.ts';
import type { Request } from './history.ts';
import { about, brokenRules, deadlineMs, honestStory, request, type Story, sell } from './testing.ts';

const test = suite('what the checker forgives when Redis forgets');

const before = { fromMs: 0, atMs: 0, untilMs: 2000 };
const elsewhere = { fromMs: 8000, atMs: 8000, untilMs: 9000 };
const confirmed = { kind: 'confirm', status: 201, word: 'confirmed' } as const;

function broken(losses: Story['losses'], change: (story: Story) => void): string[] {
  const story = honestStory();
  change(story);
  return brokenRules({ ...story, losses });
}

test('a release that was lost may be undone, and only such a one', () => {
  const undone = (story: Story) => {
    story.history.push(request(3000, { ...about('hold-b', 'bob'), ...confirmed, orderId: 'order of hold-b' }));
    sell(story, 'hold-b', 'bob');
  };

  assert.equal(broken([before], undone), []);
  assert.equal(broken([elsewhere], undone), ['no order for a buyer who was told no']);
  assert.equal(broken([], undone), ['no order for a buyer who was told no']);
});

test('a release that is told after its order is a lie whatever was lost', () => {
  const late = (story: Story) => {
    story.history.push(request(450, { ...about('hold-a', 'alice'), kind: 'release', word: 'released' }));
  };

  assert.equal(broken([before], late), ['nobody who was told of an order is told later that it is gone']);
});

test('a hold that had expired has no order, whatever was lost', () => {
  const expired = (story: Story) => {
    sell(story, 'hold-c', 'carol');
    story.history.push(request(900, { ...about('hold-c', 'carol'), ...confirmed, orderId: 'order of hold-c' }));
  };

  assert.ok(broken([before], expired).length > 0);
});

test('a key that is used again after a loss is a new promise, with a deadline of its own', () => {
  const again = (story: Story) => {
    const renewed = { ...about('hold-c', 'carol'), expiresAt: new Date(2 * deadlineMs).toISOString() };
    story.history.push(request(deadlineMs + 300, { ...renewed, key: 'k3', status: 201 }));
    story.history.push(request(deadlineMs + 400, { ...renewed, ...confirmed, orderId: 'order of hold-c' }));
    sell(story, 'hold-c', 'carol');
  };

  assert.equal(broken([before], again), []);
  assert.equal(broken([elsewhere], again), [
    'a hold that Redis kept is created once',
    'a hold that Redis kept keeps its deadline',
  ]);
});

test('the limit may be exceeded by holds whose release was lost, and by nothing else', () => {
  const exceeded = (released: boolean) => (story: Story) => {
    for (const holdId of ['hold-2', 'hold-3']) {
      story.history.push(request(1100, { ...about(holdId, 'bob'), status: 201, startMs: 700, endMs: 710 }));
      if (released) story.history.push(request(1800, { ...about(holdId, 'bob'), kind: 'release', word: 'released' }));
      story.history.push(request(3000, { ...about(holdId, 'bob'), ...confirmed, orderId: `order of ${holdId}` }));
      sell(story, holdId, 'bob');
    }
    story.history.push(request(3000, { ...about('hold-4', 'bob'), status: 201 }));
    story.history.push(request(3100, { ...about('hold-4', 'bob'), ...confirmed, orderId: 'order of hold-4' }));
    sell(story, 'hold-4', 'bob');
  };

  assert.equal(broken([before], exceeded(true)), []);
  assert.equal(broken([before], exceeded(false)), ['no buyer is above the limit']);
});

test('a coupon that Redis alone had may be lost, and only when Redis lost something', () => {
  const lost = (story: Story) => {
    story.history = story.history.filter(({ word }) => word !== 'coupons_exhausted');
    story.campaign.rows = [];
    story.campaign.inRedis = [];
  };

  assert.equal(broken([before], lost), []);
  assert.equal(broken([elsewhere], lost), ['every coupon that was told of is stored']);
});

test('a confirm may be refused for want of tickets only after a loss', () => {
  const refused = (story: Story) => {
    story.history.push(request(3000, { ...about('hold-c', 'carol'), kind: 'confirm', status: 409, word: 'sold_out' }));
  };

  assert.equal(broken([before], refused), []);
  assert.equal(broken([], refused), ['no answer but those that a fault may bring about']);
});

test('a hold that Redis forgot may be void in MySQL alone', () => {
  const forgotten = (story: Story) => {
    story.sale.outcomes.push({ holdId: 'hold-c', outcome: 'void', orderId: null });
    story.sale.holds = story.sale.holds.filter(({ holdId }) => holdId !== 'hold-c');
  };

  assert.equal(broken([before], forgotten), []);
  assert.equal(broken([], forgotten), ['a void hold is over in Redis']);
});

test('whoever was refused at the till after a loss may have the hold when he asks again, and not otherwise', () => {
  for (const word of ['limit_reached', 'sold_out']) {
    const told = (other: Partial<Request>) => (story: Story) => {
      story.history = story.history.filter((each) => each.word !== 'hold_expired' || each.buyerId !== 'carol');
      story.history.push(request(3000, { ...about('hold-c', 'carol'), kind: 'confirm', status: 409, word }));
      story.history.push(request(3005, { ...about('hold-c', 'carol'), kind: 'confirm', ...other }));
      sell(story, 'hold-c', 'carol');
    };
    const unknown = { status: null, word: 'timeout' };

    assert.equal(broken([before], told({ ...confirmed, orderId: 'order of hold-c' })), [], word);
    assert.equal(broken([before], told(unknown)), [], word);
    assert.equal(
      broken([before], told({ ...unknown, startMs: 2000, endMs: 2990 })),
      ['no order for a buyer who was told no'],
      word,
    );
  }
});

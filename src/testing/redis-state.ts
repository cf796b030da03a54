import * as assert from 'uvu/assert';
import type { StockCounts } from '../domain/sale.ts';
import { beginReplay, endReplay, replayEntry } from '../domain/stock-replay.ts';
import type { Redis } from '../redis/connection.ts';
import { readDecisionsAfter } from '../redis/decisions.ts';
import { type HoldRecord, unpackHold } from '../redis/hold-record.ts';
import { saleKeys } from '../redis/keys.ts';
import { readSale } from '../redis/read-sale.ts';

/** Everything that Redis keeps of one sale; `#` and the empty buyer are the sentinels. */
export type SaleState = {
  sale: Map<string, string>;
  holds: Map<string, string>;
  due: Map<string, string>;
  leases: Map<string, string>;
  buyers: Map<string, string>;
  ended: Map<string, string>;
};

/** Reads all six keys, while nothing else runs on the sale. As maps: a buyer may be called `__proto__`. */
export async function stateOf(redis: Redis, saleId: string): Promise<SaleState> {
  const [sale, holds, due, leases, buyers, ended] = saleKeys(redis.keyPrefix, saleId);
  const pipeline = redis.client.pipeline();
  for (const key of [sale, holds, buyers]) pipeline.hkeys(key).hvals(key);
  for (const key of [due, leases, ended]) pipeline.zrange(key, 0, '-1', 'WITHSCORES');
  const replies = ((await pipeline.exec()) ?? []).map(([error, value]) => {
    if (error) throw error;
    return value as string[];
  }) as [...Six<string[]>, string[], string[], string[]];
  const [saleFields, saleValues, ids, packed, buyerIds, counts, inDue, inLeases, inEnded] = replies;
  return {
    sale: zip(saleFields, saleValues),
    holds: zip(ids, packed),
    buyers: zip(buyerIds, counts),
    due: unzip(inDue),
    leases: unzip(inLeases),
    ended: remembered(unzip(inEnded), zip(ids, packed)),
  };
}

/** A hold as Redis remembers it, or null. */
export async function holdOf(redis: Redis, saleId: string, holdId: string): Promise<HoldRecord | null> {
  const packed = await redis.client.hget(saleKeys(redis.keyPrefix, saleId)[1], holdId);
  return packed === null ? null : unpackHold(saleId, holdId, packed);
}

/** Counts by ticket type as `[available, held, sold]`. */
export async function stockOf(redis: Redis, saleId: string): Promise<Record<string, number[]>> {
  const sale = await readSale(redis, saleId);
  const triple = ({ available, held, sold }: StockCounts) => [available, held, sold];
  return Object.fromEntries((sale?.stock ?? []).map((type) => [type.ticketTypeId, triple(type)]));
}

/** What was sold and bought before the first of the holds that Redis knows, and whether the test itself has changed counts. */
export type Past = { sold?: Record<string, number>; bought?: Record<string, number>; isTampered?: boolean };

/**
 * The laws that hold after every script: capacity = available + held + sold per ticket type, held and sold are those of the
 * holds and those that the decision log makes of its decisions, buyers hold and have bought what their holds say, and each hold is in the one index of its status.
 */
export async function assertLawful(redis: Redis, saleId: string, past: Past = {}): Promise<SaleState> {
  const state = await stateOf(redis, saleId);
  const epoch = state.sale.get('epoch');
  assert.is(state.holds.get('#'), epoch, 'the sentinel of holds');
  assert.is(state.buyers.get(''), epoch, 'the sentinel of buyers');
  const holds = [...state.holds].filter(([id]) => id !== '#').map(([id, packed]) => unpackHold(saleId, id, packed));
  assertStock(state, holds, past);
  if (!past.isTampered) await assertReplay(redis, saleId);
  assertBuyers(state, holds, past);
  assertIndexes(state, holds);
  return state;
}

function assertStock(state: SaleState, holds: HoldRecord[], past: Past): void {
  const unitsOf = (id: string, ...statuses: string[]) =>
    sum(linesWith(holds, ...statuses).map((line) => (line.ticketTypeId === id ? line.quantity : 0)));
  const types = [...state.sale.keys()].filter((field) => field.startsWith('capacity:')).map((field) => field.slice(9));
  for (const id of types) {
    const count = (name: string) => Number(state.sale.get(`${name}:${id}`));
    assert.is(count('available') + count('held') + count('sold'), count('capacity'), `conservation of ${id}`);
    assert.is(count('held'), unitsOf(id, 'held', 'confirming'), `held of ${id}`);
    assert.is(count('sold'), unitsOf(id, 'sold') + own(past.sold, id), `sold of ${id}`);
  }
}

/** No ticket moves without a decision that moves it. */
export async function assertReplay(redis: Redis, saleId: string): Promise<void> {
  const { entries, counts } = await readDecisionsAfter(redis, { saleId, after: null, count: 100_000 });
  assert.ok(counts, 'nothing else runs on the sale');
  const replay = beginReplay();
  for (const entry of entries) replayEntry(replay, entry);
  endReplay(replay, counts);
  assert.equal(replay.gaps, [], 'the decision log explains every count');
}

function assertBuyers(state: SaleState, holds: HoldRecord[], past: Past): void {
  const buyerIds = new Set([...holds.map((hold) => hold.buyerId), ...state.buyers.keys()]);
  buyerIds.delete('');
  for (const buyerId of buyerIds) {
    const his = holds.filter((hold) => hold.buyerId === buyerId);
    const live = his.filter((hold) => hold.status === 'held' || hold.status === 'confirming');
    const held = sum(linesWith(live, 'held', 'confirming').map((line) => line.quantity));
    const bought = sum(linesWith(his, 'sold').map((line) => line.quantity)) + own(past.bought, buyerId);
    const name = JSON.stringify(buyerId.slice(0, 40));
    if (held === 0 && bought === 0) {
      assert.is(state.buyers.get(buyerId), undefined, `${name} holds nothing and leaves no memory`);
      continue;
    }
    const [heldThere, boughtThere, ...ids] = state.buyers.get(buyerId)?.split(',') ?? [];
    assert.equal([Number(heldThere), Number(boughtThere)], [held, bought], `held and bought of ${name}`);
    assert.equal(ids.sort(), live.map((hold) => hold.holdId).sort(), `live holds of ${name}`);
  }
}

function assertIndexes(state: SaleState, holds: HoldRecord[]): void {
  const sentinel = `-${state.sale.get('epoch')}`;
  const withStatus = (...statuses: string[]) => holds.filter((hold) => statuses.includes(hold.status));
  const sentinels = new Map([['#', sentinel]]);
  const due = withStatus('held').map((hold) => [hold.holdId, String(hold.deadlineMs)] as const);
  assert.equal(sorted(state.due), sorted(new Map([...sentinels, ...due])), 'held ones are due at their deadline');
  const confirming = withStatus('confirming').map((hold) => hold.holdId);
  assert.is(state.leases.get('#'), sentinel, 'the sentinel of leases');
  assert.equal([...state.leases.keys()].sort(), ['#', ...confirming].sort(), 'confirming ones have a lease');
  const ended = withStatus('released', 'expired');
  const waiting = ended.filter((hold) => state.ended.has(hold.holdId));
  assert.equal(
    [...state.ended.keys()].sort(),
    waiting.map((hold) => hold.holdId).sort(),
    'only ended ones are forgotten',
  );
  // A void outcome that a rebuild read back from MySQL names no buyer; it is remembered as long as the sale.
  const kept = ended.filter((hold) => hold.buyerId !== '' && !waiting.includes(hold)).map((hold) => hold.holdId);
  assert.equal(kept, [], 'ended ones wait to be forgotten');
  for (const hold of holds) {
    assert.is(hold.attempts !== '', hold.status === 'confirming', `only confirming ones have attempts: ${hold.holdId}`);
  }
}

type Six<T> = [T, T, T, T, T, T];

/** By id: an entry may name many. One that was sold since stays listed, and is skipped when its time comes. */
function remembered(lists: Map<string, string>, holds: Map<string, string>): Map<string, string> {
  const each = [...lists].flatMap(([list, time]) => list.split(',').map((id) => [id, time] as const));
  return new Map(each.filter(([id]) => !holds.get(id)?.startsWith('S')));
}

const linesWith = (holds: HoldRecord[], ...statuses: string[]) =>
  holds.filter((hold) => statuses.includes(hold.status)).flatMap((hold) => hold.lines);
const sum = (numbers: number[]) => numbers.reduce((total, number) => total + number, 0);
const own = (counts: Record<string, number> | undefined, key: string) =>
  counts && Object.hasOwn(counts, key) ? (counts[key] ?? 0) : 0;
const zip = (keys: string[], values: string[]) => new Map(keys.map((key, index) => [key, values[index] ?? '']));
const sorted = (map: Map<string, string>) => [...map].sort(([a], [b]) => (a < b ? -1 : 1));

function unzip(flat: string[]): Map<string, string> {
  const pairs = new Map<string, string>();
  for (let at = 0; at < flat.length; at += 2) pairs.set(flat[at] ?? '', flat[at + 1] ?? '');
  return pairs;
}

/** How often the run of the server that is up now has been asked this command. */
export async function countOf(redis: Redis, name: string): Promise<number> {
  const info = await redis.client.info('commandstats');
  return Number(new RegExp(`^cmdstat_${name}:calls=(\\d+)`, 'm').exec(info)?.[1] ?? 0);
}

import { type AbortReply, abortConfirms } from '../redis/abort-confirms.ts';
import { type BeginReply, beginConfirms } from '../redis/begin-confirms.ts';
import type { Redis } from '../redis/connection.ts';
import { type ExpireReply, expireHolds } from '../redis/expire-holds.ts';
import { type FinishReply, finishConfirms } from '../redis/finish-confirms.ts';
import { forgetHolds } from '../redis/forget-holds.ts';
import { type PlaceReply, type Placing, placeHolds } from '../redis/place-holds.ts';
import { type ReleaseReply, releaseHold } from '../redis/release-hold.ts';
import { voidHold } from '../redis/void-hold.ts';
import { linesOf, opensAtMs } from './redis-sale.ts';
import { freshId } from './stack.ts';

/** The limits that these tests run under. */
export const limits = {
  memory: { keyedMemoryMs: 86_400_000, memoryMs: 600_000 },
  place: { bucketMs: 250, inlineExpireMax: 20 },
  begin: { leaseMs: 5000, graceMaxMs: 60_000 },
  abort: { graceMs: 10_000, graceMaxMs: 60_000 },
};

/** One ticket of `std` for alice, under a fresh id, unless the item says otherwise. */
export function placing(item: Partial<Placing> = {}): Placing {
  return { holdId: freshId('hold'), buyerId: 'alice', keyed: false, lines: linesOf({ std: 1 }), ...item };
}

/** What a confirm says of the hold that it finishes. */
export function finishing(item: Placing) {
  const { holdId, buyerId, lines } = item;
  return { holdId, buyerId, lines, placedAtMs: opensAtMs, expiresAtMs: opensAtMs + 120_000 };
}

export type Calls = ReturnType<typeof callsOn>;

/** The scripts of a hold's life for one item at a time, under the limits above. */
export function callsOn(redis: Redis) {
  const { memory } = limits;
  return {
    async place(saleId: string, item: Placing): Promise<PlaceReply> {
      const [reply] = await this.placeAll(saleId, [item]);
      return reply as PlaceReply;
    },
    placeAll(saleId: string, items: Placing[]): Promise<PlaceReply[]> {
      return placeHolds(redis, { saleId, items, options: { ...limits.place, ...memory } });
    },
    /** Places and insists on a hold. */
    async hold(saleId: string, item: Partial<Placing> = {}): Promise<Placing> {
      const wanted = placing(item);
      const reply = await this.place(saleId, wanted);
      if (reply.status !== 'placed') throw new Error(`not placed: ${JSON.stringify(reply)}`);
      return wanted;
    },
    async begin(saleId: string, hold: Placing, attemptId = 'attempt-1'): Promise<BeginReply> {
      const items = [{ holdId: hold.holdId, buyerId: hold.buyerId, attemptId, lines: hold.lines }];
      const [reply] = await beginConfirms(redis, { saleId, items, options: { ...limits.begin, ...memory } });
      return reply as BeginReply;
    },
    async abort(saleId: string, hold: Placing, attemptId = 'attempt-1', epoch = 1): Promise<AbortReply> {
      const items = [{ holdId: hold.holdId, epoch, attemptId }];
      const [reply] = await abortConfirms(redis, { saleId, items, options: limits.abort });
      return reply as AbortReply;
    },
    async finish(saleId: string, hold: Placing): Promise<FinishReply> {
      const [reply] = await finishConfirms(redis, { saleId, items: [finishing(hold)] });
      return reply as FinishReply;
    },
    /** Places, begins and finishes. */
    async sell(saleId: string, item: Partial<Placing> = {}): Promise<Placing> {
      const hold = await this.hold(saleId, item);
      await this.begin(saleId, hold);
      await this.finish(saleId, hold);
      return hold;
    },
    release(saleId: string, hold: Placing, buyerId: string | null = hold.buyerId): Promise<ReleaseReply> {
      const owner = buyerId === null ? null : { buyerId, lines: hold.lines };
      return releaseHold(redis, { saleId, holdId: hold.holdId, owner, options: memory });
    },
    expire(saleId: string, linesMax = 200): Promise<ExpireReply> {
      return expireHolds(redis, { saleId, linesMax, options: memory });
    },
    giveBack(saleId: string, hold: Placing): Promise<'remembered' | 'ignored' | 'given_back'> {
      return voidHold(redis, { saleId, holdId: hold.holdId, options: memory });
    },
    forget(saleId: string, holdsMax = 100): Promise<number> {
      return forgetHolds(redis, { saleId, holdsMax });
    },
  };
}

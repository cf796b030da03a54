import * as assert from 'uvu/assert';
import type { Observed } from './observe.ts';
import { type Receipt, textOf } from './oracle/placing.ts';
import type { Expected, SaleModel } from './oracle/world.ts';

/** What was promised in one run, kept apart from the oracle: these must hold whatever the oracle believes. */
export type Laws = ReturnType<typeof createLaws>;

/** `gone` names the promises, by their lines, that were told to be over. */
type Told = { saleId: string; orderId?: string; isBought?: boolean; gone: Set<string> };

const goneWords = new Set(['hold_expired', 'hold_released', 'released']);

/** Makes the laws of one run. Every method throws an assertion that says which law is broken. */
export function createLaws() {
  const told = new Map<string, Told>();
  const holdOfOrder = new Map<string, string>();
  const receipts = new Map<string, { key: string | null; owner: string; times: string; token: string }>();
  const outcomes = new Map<string, string>();
  const limits = new Map<string, number>();
  const pardoned = new Set<string>();

  function orderTold(holdId: string, story: Told, { orderId, promise }: { orderId: string; promise: string }): void {
    assert.is(story.orderId ?? orderId, orderId, `every answer about hold ${holdId} names the same order`);
    assert.is(holdOfOrder.get(orderId) ?? holdId, holdId, `order ${orderId} belongs to one hold`);
    if (!pardoned.has(holdId)) assert.not(story.gone.has(promise), `hold ${holdId} was told gone and now has an order`);
    story.orderId = orderId;
    holdOfOrder.set(orderId, holdId);
  }

  return {
    /** A hold was promised: its id is new, or it is the same promise to the same buyer again. */
    held(
      { holdId, saleId, buyerId, token, lines, placedAtMs, expiresAtMs }: Receipt & { saleId: string; token: string },
      { replayed, key }: { replayed: boolean; key: string | null },
    ): void {
      const known = receipts.get(holdId);
      const owner = JSON.stringify([saleId, buyerId]);
      const promise = textOf(lines);
      const times = `${promise} ${placedAtMs} ${expiresAtMs}`;
      if (known) {
        assert.is(known.owner, owner, `hold ${holdId} belongs to one buyer`);
        assert.ok(key !== null && known.key === key, `only its own Idempotency-Key names hold ${holdId} again`);
        if (known.times === times) assert.is(token, known.token, `the token of hold ${holdId} is the same every time`);
      } else assert.not(replayed, `hold ${holdId} is a replay of something that was held before`);
      receipts.set(holdId, { key, owner, times, token });
      if (!told.has(holdId)) told.set(holdId, { saleId, gone: new Set() });
      // A key that was forgotten in its time makes a new promise under the same id.
      if (!replayed) told.get(holdId)?.gone.delete(promise);
    },
    /** A token is shown again. */
    shown(holdId: string, token: string | null): void {
      assert.is(
        token,
        receipts.get(holdId)?.token,
        `a live hold is shown with the token that it was given with: ${holdId}`,
      );
    },
    /** An answer about one hold. */
    answered(saleId: string, { holdId, lines }: Pick<Receipt, 'holdId' | 'lines'>, outcome: Expected): void {
      const story = told.get(holdId) ?? { saleId, gone: new Set() };
      told.set(holdId, story);
      const promise = textOf(lines);
      const { orderId, replayed } = outcome as { orderId?: string; replayed?: boolean };
      if (orderId !== undefined) orderTold(holdId, story, { orderId, promise });
      if (outcome.status === 'confirmed' && replayed === false) {
        assert.not(story.isBought, `hold ${holdId} is bought once`);
        story.isBought = true;
      }
      if (goneWords.has(outcome.status)) {
        assert.is(story.orderId, undefined, `hold ${holdId} has an order and is told gone`);
        story.gone.add(promise);
      }
    },
    /** Redis lost the sale: releases that only it knew are forgotten, as documented, and their tokens may be honoured again. */
    forgive(saleId: string): void {
      for (const story of told.values()) if (story.saleId === saleId) story.gone.clear();
    },
    /** A fault beyond what is promised: an order that comes after its hold lapsed. */
    pardon(saleId: string, holdId: string, buyerId: string): void {
      pardoned.add(holdId).add(JSON.stringify([saleId, buyerId]));
    },
    /** What both stores show of a sale. */
    observed(sale: SaleModel, { counts, outcomes: decided, buyers, inMysql, orders, holds }: Observed): void {
      for (const { ticketTypeId, capacity, available, held, sold } of counts) {
        const drift = sale.redis.drift.get(ticketTypeId) ?? 0;
        assert.is(available + held + sold, capacity + drift, `conservation of ${ticketTypeId}`);
      }
      for (const { ticketTypeId, capacity, sold } of inMysql) {
        assert.ok(sold <= capacity, `MySQL has oversold ${ticketTypeId}: ${sold} of ${capacity}`);
      }
      for (const [holdId, outcome] of decided) {
        assert.is(outcomes.get(holdId) ?? outcome, outcome, `the outcome of hold ${holdId} is for ever`);
        outcomes.set(holdId, outcome);
      }
      for (const [holdId, { saleId, orderId }] of told) {
        if (orderId !== undefined && saleId === sale.saleId) {
          assert.is(decided.get(holdId), orderId, `the order that was told for hold ${holdId} is in MySQL`);
        }
      }
      const sold = new Map(orders.map((order) => [order.holdId, order.lines]));
      for (const [holdId, lines] of sold) {
        const isGone = !pardoned.has(holdId) && told.get(holdId)?.gone.has(textOf(lines));
        assert.not(isGone, `hold ${holdId} is sold in MySQL and was told gone`);
      }
      for (const { holdId, status, lines } of holds) {
        if (status === 'sold') assert.equal(lines, sold.get(holdId), `hold ${holdId} is sold as it was ordered`);
      }
      const limit = Math.max(limits.get(sale.saleId) ?? 0, sale.mysql.rules.buyerTicketsMax);
      limits.set(sale.saleId, limit);
      for (const [buyerId, { held, bought }] of buyers) {
        if (pardoned.has(JSON.stringify([sale.saleId, buyerId]))) continue;
        assert.ok(held + bought <= limit, `${buyerId} has ${held} + ${bought} of at most ${limit}`);
      }
    },
  };
}

import { canonicalLines } from '../domain/hold.ts';
import type { Of, Reserve } from './operations.ts';
import { confirm, listOwn, release, releaseById, reserve } from './oracle/buyers.ts';
import { type Expected, unitsOf } from './oracle/world.ts';
import { atOnce, buyerAt, type Deed, type Run, type Slot, saleIdAt, saleIn, typeAt } from './run-state.ts';
import { seen, seenConfirm, seenReserve, whole } from './see.ts';

/** Reserves into a slot. */
export function reserveDeed(run: Run, request: Reserve): Deed {
  const saleId = saleIdAt(run, request.sale);
  const buyerId = buyerAt(request.buyer);
  const given = request.lines.map(({ type, quantity }) => ({ ticketTypeId: typeAt(type), quantity }));
  const idempotencyKey = request.key === null ? undefined : `key-${request.key}`;
  const key = JSON.stringify([saleId, buyerId, idempotencyKey]);
  const exists = run.world.sales.has(saleId);
  return {
    saleId: exists ? saleId : null,
    act: (engine) =>
      seen(engine.reserve({ saleId, buyerId, lines: given, idempotencyKey }), (outcome) => {
        // What was held under this name before stays there until something else is.
        const slot: Slot = { request, receipt: run.slots.get(request.slot)?.receipt ?? null };
        if (outcome.status === 'held') {
          const { holdId, token, placedAtMs, expiresAtMs, lines } = outcome.hold;
          const bare = lines.map(({ ticketTypeId, quantity }) => ({ ticketTypeId, quantity }));
          slot.receipt = { holdId, saleId, buyerId, lines: bare, placedAtMs, expiresAtMs, token };
          run.laws.held(slot.receipt, { replayed: outcome.replayed, key: idempotencyKey === undefined ? null : key });
          if (idempotencyKey !== undefined && !run.keyedIds.has(key)) run.keyedIds.set(key, holdId);
        }
        run.slots.set(request.slot, slot);
        return seenReserve(outcome);
      }),
    predict(world, actual, by) {
      if (!exists) return atOnce(() => ({ status: 'sale_not_found' }));
      const keyedId = idempotencyKey === undefined ? undefined : run.keyedIds.get(key);
      const input = { buyerId, lines: canonicalLines(given), keyed: idempotencyKey !== undefined, keyedId };
      return reserve(world, saleIn(world, saleId), input, { ...hintOf(actual), by });
    },
  };
}

/** Sends the request that filled a slot once more, word by word. */
export function replayDeed(run: Run, { slot }: Of<'replay'>): Deed | null {
  const earlier = run.slots.get(slot);
  return earlier ? reserveDeed(run, earlier.request) : null;
}

/** Confirms or releases with a slot's token, or with one that must not be accepted. */
export function tokenDeed(run: Run, { kind, slot, as }: Of<'confirm' | 'release'>): Deed | null {
  const receipt = run.slots.get(slot)?.receipt;
  if (!receipt) return null;
  const { saleId, token } = receipt;
  const buyerId = as === 'other' ? `not ${receipt.buyerId}` : receipt.buyerId;
  const sent = { buyerId, token: as === 'forged' ? forged(token) : token };
  const bad = as === 'other' ? 'not_your_hold' : as === 'forged' ? 'invalid_token' : null;
  return {
    saleId,
    about: bad ? undefined : receipt,
    act: (engine) => (kind === 'confirm' ? seen(engine.confirm(sent), seenConfirm) : seen(engine.release(sent), whole)),
    predict(world, actual, by) {
      if (bad) return atOnce(() => ({ status: bad }));
      const sale = saleIn(world, saleId);
      if (kind === 'release') return release(world, sale, receipt, by);
      return confirm(world, sale, receipt, { ...hintOf(actual), by });
    },
  };
}

/** Somebody writes another hold's name over the payload of a genuine token. */
function forged(token: string): string {
  const [version = '', body = '', signature = ''] = token.split('.');
  const payload = Buffer.from(body, 'base64url')
    .toString()
    .replace(/:?\d+/, (digits) => `${digits}1`);
  return [version, Buffer.from(`${payload} `).toString('base64url'), signature].join('.');
}

/** An admin takes a hold away. */
export function adminReleaseDeed(run: Run, { slot }: Of<'admin release'>): Deed | null {
  const receipt = run.slots.get(slot)?.receipt;
  if (!receipt) return null;
  const { saleId, holdId } = receipt;
  const input = { actorId: run.actorId, requestId: 'simulation', holdId, reason: 'simulation' };
  const { mysql, redis } = saleIn(run.world, saleId);
  // An admin names the id alone: after Redis has forgotten, that may stand for a newer promise than the slot's.
  const promised = (mysql.orders.get(holdId) ?? redis.holds.get(holdId))?.lines ?? [];
  return {
    saleId,
    about: { holdId, lines: promised.length > 0 ? promised : receipt.lines },
    act: (engine) => seen(engine.holds.release(input), whole),
    *predict(world, _actual, by) {
      const sale = saleIn(world, saleId);
      const { settled, orders, voids } = sale.mysql;
      if (!settled && sale.redis.holds.has(holdId)) return yield* releaseById(world, sale, { holdId, by });
      yield;
      const orderId = orders.get(holdId)?.orderId;
      if (orderId !== undefined) return { status: 'already_confirmed', orderId };
      return { status: voids.has(holdId) ? 'hold_expired' : 'hold_not_found' };
    },
  };
}

/** A buyer reads their own holds of one sale. */
export function ownHoldsDeed(run: Run, operation: Of<'own holds'>): Deed {
  const saleId = saleIdAt(run, operation.sale);
  const buyerId = buyerAt(operation.buyer);
  return {
    saleId,
    act: (engine) =>
      seen(engine.holds.listOwn({ buyerId, saleId }), ({ items }) => {
        for (const { holdId, token } of items) run.laws.shown(holdId, token);
        const holds = items.map(({ holdId, status, expiresAtMs, lines }) => {
          return { holdId, status, expiresAtMs, units: unitsOf(lines) };
        });
        return { status: 'listed', holds: holds.sort((a, b) => (a.holdId < b.holdId ? -1 : 1)) };
      }),
    predict: (world) => atOnce(() => listOwn(world, saleIn(world, saleId), buyerId)),
  };
}

function hintOf(actual: Expected): { holdId?: string; orderId?: string } {
  const { holdId, orderId } = actual as { holdId?: string; orderId?: string };
  return { ...(holdId !== undefined && { holdId }), ...(orderId !== undefined && { orderId }) };
}

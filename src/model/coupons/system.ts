import type { Move } from '../search.ts';
import { couponPrograms } from './processes.ts';
import { type CouponActor, type CouponState, type CouponWorld, END } from './state.ts';

/** Every step that a process may take next, and every fault that is left. */
export function couponMoves(state: CouponState, world: CouponWorld): Move<CouponState>[] {
  const moves = Object.entries(state.actors).flatMap(([name, { kind, pc }]) => {
    const steps = pc === END ? [] : Object.keys(couponPrograms[kind][pc] ?? {});
    return steps.map((label) => ({
      label: `${name} ${label}`,
      apply: (next: CouponState) => take(next, world, name, label),
    }));
  });
  for (const [fault, left] of Object.entries(state.faults)) {
    if (left > 0) moves.push({ label: faults[fault]?.label ?? fault, apply: (next) => strike(next, fault) });
  }
  return moves;
}

function take(state: CouponState, world: CouponWorld, name: string, label: string): boolean {
  const actor = state.actors[name] as CouponActor;
  const to = couponPrograms[actor.kind][actor.pc]?.[label]?.(state, actor, world) ?? null;
  if (to === null) return false;
  actor.pc = to;
  return true;
}

const faults: Record<string, { label: string; apply: (state: CouponState) => void }> = {
  save: { label: 'Redis saves itself', apply: (state) => (state.saved = structuredClone(state.redis)) },
  restart: {
    label: 'Redis restarts with what it had saved',
    apply: (state) => {
      state.run += 1;
      if (state.saved) state.redis = structuredClone(state.saved);
    },
  },
  flush: {
    label: 'Redis loses everything',
    apply: (state) => (state.redis = { campaign: null, coupons: null, stream: null }),
  },
  loseHash: { label: 'Redis loses the key of the coupons', apply: ({ redis }) => (redis.coupons = null) },
  loseStream: { label: 'Redis loses the key of the stream', apply: ({ redis }) => (redis.stream = null) },
};

/** What was in Redis only is lost with it; nobody else's coupon may be. */
function strike(state: CouponState, fault: string): boolean {
  state.faults[fault] = (state.faults[fault] ?? 0) - 1;
  faults[fault]?.apply(state);
  const { coupons, stream } = state.redis;
  const inStream = new Set(stream?.entries.map((entry) => entry.buyer));
  const isLost = (buyer: string) =>
    (coupons?.of[buyer] ?? '') === '' && !inStream.has(buyer) && state.mysql.rows[buyer] === '';
  const lost = Object.keys(state.told).filter((buyer) => state.told[buyer] !== '' && isLost(buyer));
  state.lost = [...new Set([...state.lost, ...lost])].sort();
  return true;
}

/** The fair continuation: everybody has died, then a rebuild and a consumer run until nothing is left to do. */
export function settleCoupons(state: CouponState, world: CouponWorld): void {
  for (let round = 0; round < 3; round++) {
    const none = Object.fromEntries(world.buyers.map((buyer) => [buyer, '']));
    runAlone(state, world, { kind: 'rebuild', pc: 'bump', epoch: 0, onlyInHash: none, found: { ...none }, rounds: 3 });
    runAlone(state, world, { kind: 'consumer', pc: 'read', epoch: 0, run: 0, batch: [], rounds: 3 });
  }
}

function runAlone(state: CouponState, world: CouponWorld, actor: CouponActor): void {
  state.actors = { worker: actor };
  for (let steps = 0; steps < 50 && actor.pc !== END; steps++) {
    const [label] = Object.keys(couponPrograms[actor.kind][actor.pc] ?? {});
    if (label === undefined || !take(state, world, 'worker', label)) break;
  }
  state.actors = {};
}

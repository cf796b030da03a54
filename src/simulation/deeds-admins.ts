import type { Sale } from '../domain/sale.ts';
import type { Of } from './operations.ts';
import { changeCapacity, resync, switchSale, update } from './oracle/admins.ts';
import { thenForget } from './oracle/memory.ts';
import type { Expected, Rules, Steps, World } from './oracle/world.ts';
import { type Deed, type Run, saleIdAt, saleIn, typeAt } from './run-state.ts';
import { seen, whole } from './see.ts';

const reason = 'simulation';

function actionOf(run: Run, saleId: string, key: number | null, request: unknown[]) {
  // The key is the admin's over all sales; the oracle remembers it by sale, so the sale is part of it.
  const named = key === null ? undefined : `admin-key-${key}-${saleId}`;
  return {
    action: { actorId: run.actorId, requestId: 'simulation', ...(named !== undefined && { idempotencyKey: named }) },
    keyed: { key: named, request: JSON.stringify(request) },
  };
}

/** Whatever an admin does, and whatever came of it, the process asks Redis again. */
function forgetting(saleId: string, work: (world: World) => Steps<Expected>): Deed['predict'] {
  return (world, _actual, by) => thenForget(world, work(world), saleId, by);
}

/** Pause, resume or close. */
export function switchDeed(run: Run, { sale, to, key }: Of<'switch'>): Deed {
  const saleId = saleIdAt(run, sale);
  const { action, keyed } = actionOf(run, saleId, key, ['switch', to]);
  return {
    saleId,
    act: (engine) =>
      seen(engine.sales.switch({ ...action, saleId, to, reason }), (outcome) => {
        if (outcome.status !== 'switched') return whole(outcome);
        return { status: 'switched', paused: outcome.sale.paused, closed: outcome.sale.closedAtMs !== null };
      }),
    predict: forgetting(saleId, (world) => switchSale(saleIn(world, saleId), to, keyed)),
  };
}

/** More tickets or fewer. */
export function capacityDeed(run: Run, { sale, type, delta, key }: Of<'capacity'>): Deed {
  const saleId = saleIdAt(run, sale);
  const ticketTypeId = typeAt(type);
  const { action, keyed } = actionOf(run, saleId, key, ['capacity', ticketTypeId, delta]);
  return {
    saleId,
    act: (engine) => seen(engine.sales.changeCapacity({ ...action, saleId, ticketTypeId, delta, reason }), whole),
    predict: forgetting(saleId, (world) => changeCapacity(saleIn(world, saleId), { ticketTypeId, delta }, keyed)),
  };
}

/** Another window or other limits. */
export function updateDeed(run: Run, { sale, change }: Of<'update'>): Deed {
  const saleId = saleIdAt(run, sale);
  const changes = changesOf(change, run.world.nowMs);
  const { action } = actionOf(run, saleId, null, []);
  return {
    saleId,
    act: (engine) =>
      seen(engine.sales.update({ ...action, saleId, changes }), (outcome) =>
        outcome.status === 'updated' ? { status: 'updated', rules: rulesOf(outcome.sale) } : whole(outcome),
      ),
    predict: forgetting(saleId, (world) => update(saleIn(world, saleId), changes)),
  };
}

function changesOf(change: Of<'update'>['change'], nowMs: number): Partial<Rules> {
  if ('opensInMs' in change) return { opensAtMs: nowMs + change.opensInMs };
  if (!('closesInMs' in change)) return change;
  return { closesAtMs: change.closesInMs === null ? null : nowMs + change.closesInMs };
}

function rulesOf({ opensAtMs, closesAtMs, holdTtlMs, buyerTicketsMax, orderTicketsMax }: Sale): Rules {
  return { opensAtMs, closesAtMs, holdTtlMs, buyerTicketsMax, orderTicketsMax };
}

/** A resync, dry or for real. */
export function resyncDeed(run: Run, { sale, dryRun, key }: Of<'resync'>): Deed {
  const saleId = saleIdAt(run, sale);
  const { action, keyed } = actionOf(run, saleId, key, ['resync', dryRun]);
  return {
    saleId,
    act: (engine) => seen(engine.sales.resync({ ...action, saleId, dryRun, reason }), whole),
    predict: forgetting(saleId, (world) => resync(saleIn(world, saleId), dryRun, keyed)),
  };
}

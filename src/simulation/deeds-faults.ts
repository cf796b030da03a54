import { SaleLostError } from '../domain/errors.ts';
import { changeCapacity, setPaused } from '../mysql/sale-changes.ts';
import { lockSale } from '../mysql/sales.ts';
import { transact } from '../mysql/transact.ts';
import { saleKey, saleKeys } from '../redis/keys.ts';
import { withdrawStock } from '../redis/withdraw-stock.ts';
import { freshId } from '../testing/stack.ts';
import { until } from '../testing/until.ts';
import type { Of, Operation } from './operations.ts';
import { changeHalf } from './oracle/admins.ts';
import { forget } from './oracle/memory.ts';
import { rebuild } from './oracle/workers.ts';
import { countsInRedis, type Expected, type Steps, type World } from './oracle/world.ts';
import { atOnce, type Deed, type Real, type Run, saleIdAt, saleIn, typeAt } from './run-state.ts';
import { seen, whole } from './see.ts';

/** Redis counts tickets that there are not, or loses count of some. */
export function driftDeed(run: Run, { sale, type, units }: Of<'drift'>): Deed | null {
  const saleId = saleIdAt(run, sale);
  const ticketTypeId = typeAt(type);
  if (!run.world.sales.get(saleId)?.redis.capacity.has(ticketTypeId)) return null;
  return {
    saleId,
    async act(_engine, { redis }) {
      run.tampered.add(saleId);
      await redis.client.hincrby(saleKey(redis.keyPrefix, saleId), `available:${ticketTypeId}`, units);
      return { status: 'drifted' };
    },
    predict: (world) =>
      atOnce(() => {
        const { drift } = saleIn(world, saleId).redis;
        drift.set(ticketTypeId, (drift.get(ticketTypeId) ?? 0) + units);
        return { status: 'drifted' };
      }),
  };
}

/** An admin's process dies between MySQL and Redis: the pause is saved, and Redis does not know. */
export function halfPauseDeed(run: Run, { sale }: Of<'half a pause'>): Deed {
  const saleId = saleIdAt(run, sale);
  return {
    saleId,
    async act(_engine, { mysql }) {
      await transact(mysql, {}, async (trx) => {
        await lockSale(trx, saleId);
        await setPaused(trx, saleId, true);
      });
      return { status: 'half done' };
    },
    predict: (world) =>
      atOnce(() => {
        const model = saleIn(world, saleId);
        const { settled } = model.mysql;
        changeHalf(model, { paused: true });
        model.mysql.settled = settled;
        return { status: 'half done' };
      }),
  };
}

/** The same of a capacity: a decrease dies after Redis, an increase after MySQL. */
export function halfCapacityDeed(run: Run, operation: HalfCapacity): Deed | null {
  const saleId = saleIdAt(run, operation.sale);
  const ticketTypeId = typeAt(operation.type);
  if (!saleIn(run.world, saleId).redis.capacity.has(ticketTypeId)) return null;
  return operation.kind === 'half a decrease'
    ? halfDecreaseDeed(saleId, ticketTypeId)
    : halfIncreaseDeed(saleId, ticketTypeId);
}

type HalfCapacity = Of<'half a decrease' | 'half an increase'>;

function halfDecreaseDeed(saleId: string, ticketTypeId: string): Deed {
  const operationId = freshId('withdrawal');
  return {
    saleId,
    act: (_engine, { redis }) => seen(withdrawStock(redis, { saleId, operationId, ticketTypeId, quantity: 1 }), whole),
    predict: (world) =>
      atOnce(() => {
        const sale = saleIn(world, saleId);
        const { available } = countsInRedis(sale, ticketTypeId);
        if (available < 1) return { status: 'insufficient', available: Math.max(available, 0) };
        sale.redis.capacity.set(ticketTypeId, (sale.redis.capacity.get(ticketTypeId) ?? 0) - 1);
        return { status: 'withdrawn' };
      }),
  };
}

function halfIncreaseDeed(saleId: string, ticketTypeId: string): Deed {
  return {
    saleId,
    async act(_engine, { mysql }) {
      await transact(mysql, {}, async (trx) => {
        await lockSale(trx, saleId);
        await changeCapacity(trx, { saleId, ticketTypeId, delta: 1, reference: freshId('increase') });
      });
      return { status: 'half done' };
    },
    predict: (world) =>
      atOnce(() => {
        const { mysql: model } = saleIn(world, saleId);
        model.capacity.set(ticketTypeId, (model.capacity.get(ticketTypeId) ?? 0) + 1);
        model.version += 1;
        return { status: 'half done' };
      }),
  };
}

/**
 * Redis loses keys of a sale, or is another run of the server. The first call afterwards is told so, or rebuilds by itself;
 * then the sale is there again: with its live holds where these survived, and from MySQL and the receipts where not.
 */
export function loseDeed(run: Run, { sale, what, first }: Of<'lose'>, deed: Deed): Deed | null {
  const saleId = saleIdAt(run, sale);
  if (deed.saleId !== saleId) return null;
  const { settled } = saleIn(run.world, saleId).mysql;
  // Readers of few keys miss what is gone from the others, and what is settled is not looked for at all.
  const isNarrow = first.kind === 'capacity' || first.kind === 'admin release' || first.kind === 'own holds';
  if (isNarrow && (settled || !['all', 'sale', 'run'].includes(what))) return null;
  const isHealing = heals(first);
  return {
    saleId,
    about: deed.about,
    async act(engine, real) {
      await damage(real, saleId, what);
      // Only what Redis has lost with its holds may come back; MySQL's word and what survived stand.
      if (what === 'all' || what === 'holds') run.laws.forgive(saleId);
      const answer = await deed.act(engine, real);
      await until('the sale is rebuilt', () => engine.sales.stock(saleId).catch(nullWhenLost));
      return answer;
    },
    *predict(world, actual, by) {
      const model = saleIn(world, saleId);
      rebuild(world, model, what !== 'all' && what !== 'holds');
      if (!isHealing)
        return yield* lostOrRecalled(world, first, { saleId, by, steps: deed.predict(world, actual, by) });
      if (first.kind === 'reconcile') return { status: 'done' };
      // Its epoch is learned afterwards; until then nothing of an older one is compared with it.
      return yield* deed.predict(world, actual, by);
    },
  };
}

/** A call that is refused asked Redis first, unless it was answered from memory; an admin's forgets what there was all the same. */
function* lostOrRecalled(world: World, first: Operation, { saleId, by, steps }: First): Steps<Expected> {
  if (first.kind === 'reserve' || first.kind === 'replay') {
    const recalled = steps.next();
    if (recalled.done) return recalled.value;
  }
  if (first.kind === 'capacity' || first.kind === 'resync') yield* forget(world, saleId, by);
  return { status: 'lost' };
}

type First = { saleId: string; by: number; steps: Steps<Expected> };

/** Calls that rebuild what they need within themselves; all others are refused until it is done. */
function heals(first: Operation): boolean {
  if (first.kind === 'capacity') return first.delta > 0 || first.type > 2;
  return first.kind === 'confirm' || first.kind === 'switch' || first.kind === 'reconcile';
}

async function damage({ redis }: Real, saleId: string, what: Of<'lose'>['what']): Promise<void> {
  const keys = saleKeys(redis.keyPrefix, saleId);
  if (what === 'run') await redis.client.hset(keys[0], 'run', 'another run');
  else if (what === 'all') await redis.client.del(...keys);
  else await redis.client.del(...keys.filter((key) => key.endsWith(`:${what}`)));
}

function nullWhenLost(error: unknown): null {
  if (error instanceof SaleLostError) return null;
  throw error;
}

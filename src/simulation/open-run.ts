import { decisionsKey, saleKeys } from '../redis/keys.ts';
import { freshId } from '../testing/stack.ts';
import { createLaws } from './laws.ts';
import { observe, recallsOf } from './observe.ts';
import { type SaleShape, types } from './operations.ts';
import { firstMs, type Rules, type SaleModel } from './oracle/world.ts';
import { priceOf, type Real, type Run, typeAt } from './run-state.ts';
import type { Tally } from './tally.ts';

/** Starts a run: the clock at its beginning, fresh sales in both stores and in the oracle. */
export async function openRun(real: Real, shapes: SaleShape[], tally: Tally): Promise<Run> {
  real.clock.nowMs = firstMs;
  const sales = await Promise.all(shapes.map((shape) => openSale(real, shape)));
  return {
    world: {
      nowMs: firstMs,
      sales: new Map(sales.map((sale) => [sale.saleId, sale])),
      memories: real.engines.map(() => new Map()),
      recalls: new Map([['in earlier runs', await recallsOf(real.engines)]]),
    },
    saleIds: sales.map((sale) => sale.saleId),
    actorId: freshId('admin'),
    slots: new Map(),
    attempts: new Map(),
    keyedIds: new Map(),
    laws: createLaws(),
    tampered: new Set(),
    trace: shapes.map((shape, index) => `sale ${index} ${describeShape(shape)}`),
    done: [],
    tally,
    steps: 0,
  };
}

/** A sale as one reads it. */
function describeShape({ capacities, ...shape }: SaleShape): string {
  const tickets = capacities.map((capacity, index) => `${capacity} ${types[index]}`).join(', ');
  return `offers ${tickets}: ${JSON.stringify(shape)}`;
}

async function openSale(real: Real, shape: SaleShape): Promise<SaleModel> {
  const saleId = freshId('sim');
  const { holdTtlMs, buyerTicketsMax, orderTicketsMax, closesInMs } = shape;
  const rules: Rules = {
    ...{ holdTtlMs, buyerTicketsMax, orderTicketsMax },
    opensAtMs: firstMs + shape.opensInMs,
    closesAtMs: closesInMs === null ? null : firstMs + closesInMs,
  };
  const capacity = new Map(shape.capacities.map((units, index) => [typeAt(index), units]));
  const ticketTypes = [...capacity].map(([ticketTypeId, units]) => {
    return { ticketTypeId, name: ticketTypeId, priceMinor: priceOf(ticketTypeId), capacity: units };
  });
  const sale = { saleId, title: 'A concert', currency: 'EUR', ...rules, ticketTypes };
  const created = await real.engines[0].sales.create({ actorId: 'simulation', requestId: 'simulation', sale });
  if (created.status !== 'created') throw new Error(`the sale was not created: ${created.status}`);
  const { sale: row } = await observe(real, saleId);
  const epoch = Number(row['epoch']);
  const believed = () => ({ version: 1, rules, paused: false, closed: false, capacity: new Map(capacity) });
  return {
    saleId,
    epoch,
    epochSeen: epoch,
    mysql: { ...believed(), orders: new Map(), voids: new Set(), settled: false },
    redis: { ...believed(), holds: new Map(), drift: new Map(), finishes: 0 },
    adminRequests: new Map(),
  };
}

/** Ends a run: its sales are nobody's business any more, so that the next run's readers do not pass through them. */
export async function closeRun({ redis, look }: Real, run: Run): Promise<void> {
  await look.query('update sales set settled_at_ms = 1 where id in (?)', [run.saleIds]);
  const keysOf = (saleId: string) => [...saleKeys(redis.keyPrefix, saleId), decisionsKey(redis.keyPrefix, saleId)];
  await redis.client.unlink(...run.saleIds.flatMap(keysOf));
}

import type { SaleRow } from '../mysql/sales.ts';
import type { Of } from './operations.ts';
import { stock } from './oracle/admins.ts';
import { expireBucket, forget, reconcile, recover, sweep } from './oracle/workers.ts';
import type { Expected } from './oracle/world.ts';
import { atOnce, type Deed, type Run, saleIdAt, saleIn } from './run-state.ts';
import { seen } from './see.ts';

const done = (): Expected => ({ status: 'done' });
const bucketMs = 250;

/** What workers repeat, asked for once. */
export function workDeed(run: Run, { kind, sale }: Of<'stock' | 'sweep' | 'recover' | 'forget' | 'reconcile'>): Deed {
  const saleId = saleIdAt(run, sale);
  switch (kind) {
    case 'stock':
      return {
        saleId,
        act: (engine) =>
          seen(engine.sales.stock(saleId), (rows) => ({ status: 'shown', rows: rows?.map((row) => ({ ...row })) })),
        predict: (world) => atOnce(() => stock(world, saleIn(world, saleId))),
      };
    case 'sweep':
      return {
        saleId,
        act: (engine) => seen(engine.work.sweepSale(saleId), done),
        predict: (world, _actual, by) => sweep(world, saleIn(world, saleId), by),
      };
    case 'recover':
      return {
        saleId,
        act: (engine) => seen(engine.work.recoverSale(saleId), done),
        predict: (world, _actual, by) => recover(world, saleIn(world, saleId), by),
      };
    case 'forget':
      return {
        saleId,
        act: (engine) => seen(engine.work.forgetEnded(saleId), done),
        predict: (world) => atOnce(() => forget(world, saleIn(world, saleId))),
      };
    case 'reconcile':
      return {
        saleId,
        act: async (engine) => {
          const row = (await engine.sales.get(saleId)) as SaleRow;
          return seen(engine.work.reconcileSale(row), done);
        },
        predict: (world, _actual, by) => reconcile(world, saleIn(world, saleId), by),
      };
  }
}

/** The expiry job of a hold's bucket, or of one beside it: early, due, late, once more. */
export function bucketDeed(run: Run, { slot, buckets }: Of<'bucket'>): Deed | null {
  const receipt = run.slots.get(slot)?.receipt;
  if (!receipt) return null;
  const { saleId, expiresAtMs } = receipt;
  const bucketEndMs = expiresAtMs - (expiresAtMs % bucketMs) + (1 + buckets) * bucketMs;
  return {
    saleId,
    act: (engine) =>
      seen(engine.work.expireBucket({ saleId, bucketEndMs }), ({ againInMs }) => {
        return { status: againInMs === null ? 'done' : 'again', againInMs };
      }),
    predict: (world, _actual, by) => expireBucket(world, saleIn(world, saleId), { bucketEndMs, by }),
  };
}

import * as fc from 'fast-check';
import { buyers, type Moment, type Operation, type SaleShape } from './operations.ts';

export const slot = fc.nat(5);
export const sale = fc.nat(1);
export const buyer = fc.oneof({ weight: 1, arbitrary: fc.nat(2) }, { weight: 1, arbitrary: fc.nat(buyers.length - 1) });
export const key = fc.option(fc.nat(2), { freq: 2 });
export const type = fc.oneof({ weight: 12, arbitrary: fc.nat(1) }, { weight: 4, arbitrary: fc.constant(2) });
const anyType = fc.oneof({ weight: 40, arbitrary: type }, { weight: 1, arbitrary: fc.constant(3) });
const ttl = fc.constantFrom(60_000, 2000, 400_000, 1000);
export const as = fc.oneof(
  { weight: 20, arbitrary: fc.constant('owner' as const) },
  { weight: 1, arbitrary: fc.constantFrom('other' as const, 'forged' as const) },
);

/** The shapes of sales: small, so that everything runs out often. */
export const saleShape: fc.Arbitrary<SaleShape> = fc.record({
  capacities: fc.array(fc.nat(5), { minLength: 3, maxLength: 3 }),
  opensInMs: fc.oneof({ weight: 12, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constant(2000) }),
  closesInMs: fc.oneof({ weight: 8, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.constant(90_000) }),
  holdTtlMs: ttl,
  buyerTicketsMax: fc.integer({ min: 1, max: 8 }),
  orderTicketsMax: fc.option(fc.integer({ min: 1, max: 5 }), { freq: 2 }),
});

export const line = fc.record({
  type: anyType,
  quantity: fc.oneof(
    { weight: 5, arbitrary: fc.constant(1) },
    { weight: 2, arbitrary: fc.constant(2) },
    { weight: 1, arbitrary: fc.constant(3) },
  ),
});
export const several = fc.uniqueArray(line, { minLength: 2, maxLength: 3, selector: (it) => it.type });
export const reserve: fc.Arbitrary<Operation> = fc.record({
  kind: fc.constant('reserve' as const),
  sale: fc.oneof({ weight: 100, arbitrary: sale }, { weight: 1, arbitrary: fc.constant(2) }),
  buyer,
  lines: fc.oneof({ weight: 3, arbitrary: fc.tuple(line) }, { weight: 1, arbitrary: several }),
  key,
  slot,
});
export const replay: fc.Arbitrary<Operation> = fc.record({ kind: fc.constant('replay' as const), slot });
export const confirm: fc.Arbitrary<Operation> = fc.record({ kind: fc.constant('confirm' as const), slot, as });
export const release: fc.Arbitrary<Operation> = fc.record({ kind: fc.constant('release' as const), slot, as });
export const adminRelease: fc.Arbitrary<Operation> = fc.record({ kind: fc.constant('admin release' as const), slot });
export const ownHolds: fc.Arbitrary<Operation> = fc.record({ kind: fc.constant('own holds' as const), sale, buyer });
export const onSale = <K extends 'stock' | 'sweep' | 'recover' | 'forget' | 'reconcile'>(
  kind: K,
): fc.Arbitrary<Operation> => fc.record({ kind: fc.constant(kind), sale });
export const bucket: fc.Arbitrary<Operation> = fc.record({
  kind: fc.constant('bucket' as const),
  slot,
  buckets: fc.integer({ min: -1, max: 1 }),
});
export const wait: fc.Arbitrary<Operation> = fc.record({
  kind: fc.constant('wait' as const),
  ms: fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom(1, 100, 250, 1000, 5000) },
    { weight: 4, arbitrary: fc.constantFrom(10_000, 60_000) },
    { weight: 1, arbitrary: fc.constantFrom(600_000, 86_400_000) },
  ),
});
export const waitUntil: fc.Arbitrary<Operation> = fc.record({
  kind: fc.constant('wait until' as const),
  what: fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom<Moment>('deadline', 'lease', 'promise', 'grace', 'opening', 'closing') },
    { weight: 1, arbitrary: fc.constant<Moment>('memory') },
  ),
  slot,
  offsetMs: fc.integer({ min: -1, max: 1 }),
});
export const switchSale: fc.Arbitrary<Operation> = fc.record({
  kind: fc.constant('switch' as const),
  sale,
  to: fc.oneof(
    { weight: 4, arbitrary: fc.constant('paused' as const) },
    { weight: 14, arbitrary: fc.constant('resumed' as const) },
    { weight: 1, arbitrary: fc.constant('closed' as const) },
  ),
  key,
});
export const capacity: fc.Arbitrary<Operation> = fc.record({
  kind: fc.constant('capacity' as const),
  sale,
  type: anyType,
  delta: fc.constantFrom(1, 2, -1, -2, -3),
  key,
});
export const update: fc.Arbitrary<Operation> = fc.record({
  kind: fc.constant('update' as const),
  sale,
  change: fc.oneof(
    fc.record({ opensInMs: fc.constantFrom<number>(-100, 0, 0, 1000) }),
    fc.record({ closesInMs: fc.constantFrom(null, 5000, 120_000, -1_000_000) }),
    fc.record({ holdTtlMs: ttl }),
    fc.record({ buyerTicketsMax: fc.integer({ min: 1, max: 8 }) }),
    fc.record({ orderTicketsMax: fc.option(fc.integer({ min: 1, max: 5 }), { freq: 2 }) }),
  ),
});
export const resync: fc.Arbitrary<Operation> = fc.record({
  kind: fc.constant('resync' as const),
  sale,
  dryRun: fc.boolean(),
  key,
});

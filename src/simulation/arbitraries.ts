import * as fc from 'fast-check';
import { buyers, type Loss, type Moment, type Operation, type Reserve, type SaleShape } from './operations.ts';

const slot = fc.nat(5);
const sale = fc.nat(1);
const buyer = fc.oneof({ weight: 1, arbitrary: fc.nat(2) }, { weight: 1, arbitrary: fc.nat(buyers.length - 1) });
const key = fc.option(fc.nat(2), { freq: 2 });
const type = fc.oneof({ weight: 12, arbitrary: fc.nat(1) }, { weight: 4, arbitrary: fc.constant(2) });
const anyType = fc.oneof({ weight: 40, arbitrary: type }, { weight: 1, arbitrary: fc.constant(3) });
const ttl = fc.constantFrom(60_000, 2000, 400_000, 1000);
const as = fc.oneof(
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

const line = fc.record({
  type: anyType,
  quantity: fc.oneof(
    { weight: 5, arbitrary: fc.constant(1) },
    { weight: 2, arbitrary: fc.constant(2) },
    { weight: 1, arbitrary: fc.constant(3) },
  ),
});
const several = fc.uniqueArray(line, { minLength: 2, maxLength: 3, selector: (it) => it.type });
const reserve: fc.Arbitrary<Operation> = fc.record({
  kind: fc.constant('reserve' as const),
  sale: fc.oneof({ weight: 100, arbitrary: sale }, { weight: 1, arbitrary: fc.constant(2) }),
  buyer,
  lines: fc.oneof({ weight: 3, arbitrary: fc.tuple(line) }, { weight: 1, arbitrary: several }),
  key,
  slot,
});
const replay: fc.Arbitrary<Operation> = fc.record({ kind: fc.constant('replay' as const), slot });
const confirm: fc.Arbitrary<Operation> = fc.record({ kind: fc.constant('confirm' as const), slot, as });
const release: fc.Arbitrary<Operation> = fc.record({ kind: fc.constant('release' as const), slot, as });
const adminRelease: fc.Arbitrary<Operation> = fc.record({ kind: fc.constant('admin release' as const), slot });
const ownHolds: fc.Arbitrary<Operation> = fc.record({ kind: fc.constant('own holds' as const), sale, buyer });
const onSale = <K extends 'stock' | 'sweep' | 'recover' | 'forget' | 'reconcile'>(kind: K): fc.Arbitrary<Operation> =>
  fc.record({ kind: fc.constant(kind), sale });
const bucket: fc.Arbitrary<Operation> = fc.record({
  kind: fc.constant('bucket' as const),
  slot,
  buckets: fc.integer({ min: -1, max: 1 }),
});
const wait: fc.Arbitrary<Operation> = fc.record({
  kind: fc.constant('wait' as const),
  ms: fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom(1, 100, 250, 1000, 5000) },
    { weight: 4, arbitrary: fc.constantFrom(10_000, 60_000) },
    { weight: 1, arbitrary: fc.constantFrom(600_000, 86_400_000) },
  ),
});
const waitUntil: fc.Arbitrary<Operation> = fc.record({
  kind: fc.constant('wait until' as const),
  what: fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom<Moment>('deadline', 'lease', 'promise', 'grace', 'opening', 'closing') },
    { weight: 1, arbitrary: fc.constant<Moment>('memory') },
  ),
  slot,
  offsetMs: fc.integer({ min: -1, max: 1 }),
});
const switchSale: fc.Arbitrary<Operation> = fc.record({
  kind: fc.constant('switch' as const),
  sale,
  to: fc.oneof(
    { weight: 4, arbitrary: fc.constant('paused' as const) },
    { weight: 14, arbitrary: fc.constant('resumed' as const) },
    { weight: 1, arbitrary: fc.constant('closed' as const) },
  ),
  key,
});
const capacity: fc.Arbitrary<Operation> = fc.record({
  kind: fc.constant('capacity' as const),
  sale,
  type: anyType,
  delta: fc.constantFrom(1, 2, -1, -2, -3),
  key,
});
const update: fc.Arbitrary<Operation> = fc.record({
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
const resync: fc.Arbitrary<Operation> = fc.record({
  kind: fc.constant('resync' as const),
  sale,
  dryRun: fc.boolean(),
  key,
});
const attempt = fc.nat(3);
const attemptBegins: fc.Arbitrary<Operation> = fc.record({
  kind: fc.constant('attempt begins' as const),
  slot,
  attempt,
});
const attemptGoesOn: fc.Arbitrary<Operation> = fc.record({
  kind: fc.constantFrom('attempt commits' as const, 'attempt finishes' as const, 'attempt aborts' as const),
  attempt,
});
const fault: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('late commit' as const), slot }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('drift' as const), sale, type, units: fc.constantFrom(1, 2, -1) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('half a pause' as const), sale }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom('half a decrease' as const, 'half an increase' as const),
      sale,
      type,
    }),
  },
);

const keyless = (operation: fc.Arbitrary<Operation>) =>
  operation.map((it) => ('key' in it ? { ...it, key: null } : it));
const own = (operation: fc.Arbitrary<Operation>) =>
  operation.map((it): Operation => ('as' in it ? { ...it, as: 'owner' } : it));

const lose: fc.Arbitrary<Operation> = fc.record({
  kind: fc.constant('lose' as const),
  sale,
  what: fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom<Loss>('all', 'run') },
    { weight: 2, arbitrary: fc.constantFrom<Loss>('holds', 'sale', 'due', 'leases', 'buyers') },
  ),
  first: fc.oneof(
    reserve,
    replay,
    own(confirm),
    own(release),
    adminRelease,
    ownHolds,
    ...(['stock', 'sweep', 'recover', 'forget', 'reconcile'] as const).map(onSale),
    ...[switchSale, capacity, resync].map(keyless),
  ),
});

const concurrent = fc.oneof(
  { weight: 4, arbitrary: reserve },
  { weight: 6, arbitrary: confirm },
  { weight: 3, arbitrary: release },
  { weight: 1, arbitrary: fc.oneof(replay, adminRelease, capacity, switchSale, resync) },
  { weight: 2, arbitrary: fc.oneof(onSale('sweep'), onSale('recover'), bucket) },
);
const together: fc.Arbitrary<Operation> = fc
  .record({ sameProcess: fc.boolean(), both: fc.tuple(concurrent, concurrent), sameSlot: fc.boolean() })
  .map(({ sameProcess, both: [first, second], sameSlot }) => {
    // Races are about the same hold more often than chance would have it.
    const aligned = sameSlot && 'slot' in first && 'slot' in second ? { ...second, slot: first.slot } : second;
    return { kind: 'together', sameProcess, both: [first, aligned] };
  });

const attemptOn = fc.record({ slot, attempt });
const constantly = <T extends Operation>(it: T): Operation => it;

/** What chance brings together too rarely, and what must be met all the same: other operations, one after the other. */
const inTurn: fc.Arbitrary<Operation> = fc
  .oneof(
    // Redis forgets a hold, its buyer takes as much again, and comes with the first receipt.
    fc.record({ sale, buyer, line, slot }).map(({ line: it, ...rest }) => {
      const first: Reserve = { kind: 'reserve', ...rest, lines: [it], key: null };
      return [
        constantly(first),
        constantly({ kind: 'lose', sale: rest.sale, what: 'all', first: { kind: 'stock', sale: rest.sale } }),
        constantly({ ...first, slot: (rest.slot + 1) % 6 }),
        constantly({ kind: 'confirm', slot: rest.slot, as: 'owner' }),
      ];
    }),
    // A confirm dies, and its buyer comes back when all grace is over.
    attemptOn.map((it) => [
      constantly({ kind: 'attempt begins', ...it }),
      constantly({ kind: 'wait until', what: 'grace', slot: it.slot, offsetMs: 0 }),
      constantly({ kind: 'attempt begins', ...it }),
    ]),
    // What Redis counts too much is taken, and MySQL has not got it.
    fc
      .record({ reserve, attempt, units: fc.integer({ min: 3, max: 6 }) })
      .map(({ reserve: it, attempt: number, units }) => {
        const { sale: index, lines, slot: name } = it as Reserve;
        return [
          constantly({ kind: 'drift', sale: index, type: lines[0]?.type ?? 0, units }),
          it,
          constantly({ kind: 'attempt begins', slot: name, attempt: number }),
          constantly({ kind: 'attempt commits', attempt: number }),
        ];
      }),
  )
  .map((all) => ({ kind: 'in turn', all }));

/** Everything that can happen, weighted so that holds are mostly placed, bought, given back and lapsing. */
export const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 30, arbitrary: reserve },
  { weight: 5, arbitrary: replay },
  { weight: 16, arbitrary: confirm },
  { weight: 6, arbitrary: release },
  { weight: 3, arbitrary: adminRelease },
  { weight: 1, arbitrary: ownHolds },
  { weight: 1, arbitrary: onSale('stock') },
  { weight: 2, arbitrary: onSale('sweep') },
  { weight: 3, arbitrary: onSale('recover') },
  { weight: 2, arbitrary: onSale('forget') },
  { weight: 1, arbitrary: onSale('reconcile') },
  { weight: 3, arbitrary: bucket },
  { weight: 3, arbitrary: wait },
  { weight: 10, arbitrary: waitUntil },
  { weight: 2, arbitrary: switchSale },
  { weight: 2, arbitrary: capacity },
  { weight: 1, arbitrary: update },
  { weight: 1, arbitrary: resync },
  { weight: 10, arbitrary: attemptBegins },
  { weight: 14, arbitrary: attemptGoesOn },
  { weight: 4, arbitrary: fault },
  { weight: 3, arbitrary: lose },
  { weight: 1, arbitrary: inTurn },
  { weight: 10, arbitrary: together },
);

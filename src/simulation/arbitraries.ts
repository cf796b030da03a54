import * as fc from 'fast-check';
import {
  adminRelease,
  bucket,
  buyer,
  capacity,
  confirm,
  line,
  onSale,
  ownHolds,
  release,
  replay,
  reserve,
  resync,
  sale,
  slot,
  switchSale,
  type,
  update,
  wait,
  waitUntil,
} from './arbitraries-calls.ts';
import { buying, crowd, racing, returning, rush } from './arbitraries-rush.ts';
import type { Loss, Operation, Reserve } from './operations.ts';

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
  .record({
    sameProcess: fc.boolean(),
    isLater: fc.boolean(),
    both: fc.tuple(concurrent, concurrent),
    sameSlot: fc.boolean(),
  })
  .map(({ sameProcess, isLater, both: [first, second], sameSlot }) => {
    // Races are about the same hold more often than chance would have it.
    const aligned = sameSlot && 'slot' in first && 'slot' in second ? { ...second, slot: first.slot } : second;
    return { kind: 'together', sameProcess, isLater, both: [first, aligned] };
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

/** Everything that can happen, weighted so that holds are mostly placed, bought, given back and returning. */
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
  { weight: 3, arbitrary: rush },
  { weight: 3, arbitrary: returning },
  { weight: 2, arbitrary: racing },
  { weight: 3, arbitrary: crowd },
  { weight: 3, arbitrary: buying },
  { weight: 10, arbitrary: together },
);

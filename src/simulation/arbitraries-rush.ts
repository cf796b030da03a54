import * as fc from 'fast-check';
import {
  adminRelease,
  bucket,
  buyer,
  capacity,
  confirm,
  line,
  onSale,
  release,
  resync,
  sale,
  several,
  slot,
  switchSale,
  type,
} from './arbitraries-calls.ts';
import type { Operation, Reserve } from './operations.ts';

const memoryMs = 50;

/** Few names, so that what is given back is what the others wait for. */
const slotsNear = 2;

/** A line that is mostly more than there is: whoever wants many is refused also while there are some. */
const want = fc.oneof(
  { weight: 2, arbitrary: fc.tuple(line) },
  { weight: 2, arbitrary: fc.tuple(fc.record({ type, quantity: fc.integer({ min: 2, max: 5 }) })) },
  { weight: 2, arbitrary: several },
);

const shortWait = fc.record({
  kind: fc.constant('wait' as const),
  ms: fc.oneof(
    fc.integer({ min: 1, max: memoryMs + 10 }),
    fc.constantFrom(1, memoryMs / 2, memoryMs - 1, memoryMs, memoryMs + 1),
  ),
});

/** Reserves of one sale that want the same, named in either order, now and then with a key. */
function reserveOf(index: number, lines: Reserve['lines']): fc.Arbitrary<Operation> {
  return fc.record({
    kind: fc.constant('reserve' as const),
    sale: fc.constant(index),
    buyer,
    lines: fc.boolean().map((isReversed) => (isReversed ? [...lines].reverse() : lines)),
    key: fc.oneof({ weight: 6, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.nat(2) }),
    slot: fc.nat(slotsNear - 1),
  });
}

const on = (index: number, operation: fc.Arbitrary<Operation>) =>
  operation.map((it): Operation => {
    if ('sale' in it) return { ...it, sale: index };
    return 'slot' in it ? { ...it, slot: it.slot % slotsNear } : it;
  });

/** What moves tickets between one question and the next: most of it makes the process that does it forget. */
const moves = fc.oneof(
  { weight: 3, arbitrary: release },
  { weight: 2, arbitrary: confirm },
  { weight: 1, arbitrary: adminRelease },
  { weight: 1, arbitrary: onSale('sweep') },
  { weight: 1, arbitrary: onSale('recover') },
  { weight: 1, arbitrary: onSale('reconcile') },
  { weight: 1, arbitrary: bucket },
  { weight: 1, arbitrary: capacity },
  { weight: 1, arbitrary: switchSale },
  { weight: 1, arbitrary: resync },
);

const lapse = fc.record({
  kind: fc.constant('wait until' as const),
  what: fc.constant('deadline' as const),
  slot,
  offsetMs: fc.oneof(fc.integer({ min: -60, max: -1 }), fc.constantFrom(-1, 0, 1)),
});

/** A crowd before an empty counter: the same wish again and again within moments, while tickets are bought and come back. */
export const rush: fc.Arbitrary<Operation> = fc
  .tuple(sale, want)
  .chain(([index, lines]) => {
    const again = reserveOf(index, lines);
    const race = fc.tuple(again, on(index, moves), fc.boolean()).map(([first, second, isLater]): Operation => {
      return { kind: 'together', sameProcess: true, isLater, both: [first, second] };
    });
    const one = fc.oneof(
      { weight: 9, arbitrary: again },
      {
        weight: 1,
        arbitrary: reserveOf(
          index,
          lines.map((it) => ({ ...it, quantity: 1 })),
        ),
      },
      { weight: 4, arbitrary: shortWait },
      { weight: 1, arbitrary: lapse },
      { weight: 4, arbitrary: on(index, moves) },
      { weight: 2, arbitrary: race },
    );
    return fc.array(one, { minLength: 4, maxLength: 16, size: 'max' });
  })
  .map((all) => ({ kind: 'in turn', all }));

/** How tickets come back: by somebody's doing, at the deadline, or after a confirm of theirs has died. */
const comingBack = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      before: fc.constant<Operation[]>([]),
      what: fc.constant(null),
      mover: fc.oneof(
        { weight: 3, arbitrary: release },
        { weight: 1, arbitrary: adminRelease },
        { weight: 1, arbitrary: fc.oneof(capacity, switchSale, resync) },
      ),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      before: fc.constant<Operation[]>([]),
      what: fc.constant('deadline' as const),
      mover: fc.oneof(onSale('sweep'), bucket, release, confirm),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      before: fc.constant<Operation[]>([{ kind: 'attempt begins', slot: 0, attempt: 0 }]),
      what: fc.constantFrom('deadline' as const, 'grace' as const),
      mover: fc.oneof(onSale('recover'), confirm),
    }),
  },
);

/** Two who want the same, one after the other, so that both engines are asked. */
const twice = (it: Operation) => [it, it];

/** Tickets come back while others wait for them: each of these asks shortly before and shortly after. */
export const returning: fc.Arbitrary<Operation> = fc
  .record({
    index: sale,
    buyer,
    wish: fc.record({ type, quantity: fc.integer({ min: 1, max: 6 }) }),
    ending: comingBack,
    offsetMs: fc.oneof(fc.constant(0), fc.integer({ min: -60, max: 0 })),
    pauseMs: fc.integer({ min: 1, max: memoryMs }),
    isSecond: fc.boolean(),
  })
  .map(({ index, wish, ending: { before, what, mover }, ...rest }) => {
    const waiting: Operation = { kind: 'reserve', sale: index, buyer: 4, lines: [wish], key: null, slot: 1 };
    const pause: Operation = { kind: 'wait', ms: rest.pauseMs };
    const first: Operation = { ...waiting, buyer: rest.buyer, lines: [{ ...wish, quantity: 1 }], slot: 0 };
    const until: Operation[] = what === null ? [] : [{ kind: 'wait until', what, slot: 0, offsetMs: rest.offsetMs }];
    const end = { ...mover, ...('sale' in mover && { sale: index }), ...('slot' in mover && { slot: 0 }) } as Operation;
    // A pause is a step as well, so it also decides which of the two engines it is that gives them back.
    const all = [
      first,
      ...before,
      ...until,
      ...twice(waiting),
      ...(rest.isSecond ? [pause] : []),
      end,
      ...twice(waiting),
    ];
    return { kind: 'in turn', all };
  });

/** A shortage is on its way to be told while the same process gives back what is asked for. */
export const racing: fc.Arbitrary<Operation> = fc
  .record({
    sale,
    buyer,
    type,
    held: fc.integer({ min: 1, max: 3 }),
    quantity: fc.integer({ min: 1, max: 5 }),
    mover: fc.oneof({ weight: 3, arbitrary: release }, { weight: 1, arbitrary: fc.oneof(adminRelease, confirm) }),
  })
  .map(({ type: number, held, quantity, mover, ...rest }) => {
    const first: Operation = {
      ...rest,
      kind: 'reserve',
      lines: [{ type: number, quantity: held }],
      key: null,
      slot: 0,
    };
    const waiting: Operation = { ...first, buyer: 4, lines: [{ type: number, quantity }], slot: 1 };
    const back = { ...mover, slot: 0 } as Operation;
    const race: Operation = { kind: 'together', sameProcess: true, isLater: true, both: [waiting, back] };
    // Whether both answers come in one piece is a matter of luck, so it is tried again when nothing is remembered any more.
    const once: Operation[] = [{ kind: 'wait', ms: memoryMs }, first, race, ...twice(waiting)];
    return { kind: 'in turn', all: [...once, ...once, ...once] };
  });

/** Many calls in one turn of the event loop: reserves of one sale, more lines than one script takes, or confirms. */
export const crowd: fc.Arbitrary<Operation> = fc
  .oneof(
    {
      weight: 3,
      arbitrary: fc.tuple(sale, want, want).chain(([index, some, others]) => crowdOf(index, [some, others])),
    },
    { weight: 2, arbitrary: fc.array(confirm, { minLength: 2, maxLength: 6, size: 'max' }) },
  )
  .map((all) => ({ kind: 'crowd', all }));

/** A crowd gets its tickets in one turn and buys them in one turn, now and then more of them than MySQL has. */
export const buying: fc.Arbitrary<Operation> = fc
  .record({
    index: sale,
    wants: fc.array(fc.record({ buyer: fc.nat(5), type, quantity: fc.constantFrom(1, 1, 1, 2) }), {
      minLength: 2,
      maxLength: 6,
      size: 'max',
    }),
    drifted: fc.integer({ min: -6, max: 3 }),
  })
  .map(({ index, wants, drifted }) => {
    const lacking: Operation[] =
      drifted > 0 ? [{ kind: 'drift', sale: index, type: wants[0]?.type ?? 0, units: drifted }] : [];
    const reserves = wants.map(({ buyer: who, ...wish }, at): Operation => {
      return { kind: 'reserve', sale: index, buyer: who, lines: [wish], key: null, slot: at };
    });
    const confirms = wants.map((_, at): Operation => ({ kind: 'confirm', slot: at, as: 'owner' }));
    const all: Operation[] = [...lacking, { kind: 'crowd', all: reserves }, { kind: 'crowd', all: confirms }];
    return { kind: 'in turn', all };
  });

function crowdOf(index: number, wishes: Reserve['lines'][]): fc.Arbitrary<Operation[]> {
  const one = fc.oneof(...wishes.map((lines) => reserveOf(index, lines)), reserveOf(index, [{ type: 0, quantity: 1 }]));
  return fc.array(one, { minLength: 2, maxLength: 8, size: 'max' });
}

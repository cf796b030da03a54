import { type Expected, end, type HoldModel, isLapsed, type Steps, type World } from './world.ts';

export type Prediction = { outcomes: Expected[]; world: World };

/** Everything that may come of operations that run at the same time: every order of their steps, each in a world of its own. */
export function* interleavings(
  world: World,
  operations: ((world: World) => Steps<Expected>)[],
): Generator<Prediction, void, void> {
  for (let schedule: number[] | null = []; schedule; ) {
    const { prediction, choices } = follow(world, operations, schedule);
    yield prediction;
    schedule = nextSchedule(choices);
  }
}

/** What comes of operations that go to the stores in the same calls: each step is taken by all of them, in the order in which they came. */
export function inOrder(world: World, operations: ((world: World) => Steps<Expected>)[]): Expected[] {
  let running = operations.map((operation, index) => ({ index, steps: operation(world) }));
  const outcomes: Expected[] = [];
  while (running.length > 0) {
    running = running.filter(({ index, steps }) => {
      const { done, value } = steps.next();
      if (done) outcomes[index] = value;
      return !done;
    });
  }
  return outcomes;
}

/** The world as it is when somebody, on the way to something else, has swept lapsed holds: these and no others. */
export function swept(world: World, saleId: string, isSwept: (hold: HoldModel) => boolean): World {
  const copy = structuredClone(world);
  for (const hold of copy.sales.get(saleId)?.redis.holds.values() ?? []) {
    if (isLapsed(hold, copy.nowMs) && isSwept(hold)) end(copy, hold, 'expired');
  }
  return copy;
}

/** A second confirm of the same hold in the same process shares the first one's attempt: one answer, and a replay of it. */
export function* shared(world: World, confirm: (world: World) => Steps<Expected>): Generator<Prediction, void, void> {
  for (const prediction of interleavings(world, [confirm])) {
    const [first] = prediction.outcomes as [Expected];
    const second = first.status === 'confirmed' ? { ...first, replayed: true } : first;
    yield { ...prediction, outcomes: [first, second] };
  }
}

type Choice = { taken: number; among: number };

/** Runs one order of steps: as the schedule says, and the first that can go on where it says nothing. */
function follow(world: World, operations: ((world: World) => Steps<Expected>)[], schedule: number[]) {
  const copy = structuredClone(world);
  const running = operations.map((operation, index) => ({ index, steps: operation(copy) }));
  const outcomes: Expected[] = [];
  const choices: Choice[] = [];
  while (running.length > 0) {
    const taken = schedule[choices.length] ?? 0;
    choices.push({ taken, among: running.length });
    const { index, steps } = running[taken] as (typeof running)[number];
    const { done, value } = steps.next();
    if (!done) continue;
    outcomes[index] = value;
    running.splice(taken, 1);
  }
  return { prediction: { outcomes, world: copy }, choices };
}

/** The last choice that could be taken otherwise is; null when there is none left. */
function nextSchedule(choices: Choice[]): number[] | null {
  const last = choices.findLastIndex(({ taken, among }) => taken + 1 < among);
  if (last < 0) return null;
  return choices.slice(0, last + 1).map(({ taken }, index) => (index === last ? taken + 1 : taken));
}

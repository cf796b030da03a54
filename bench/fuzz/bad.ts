import type fc from 'fast-check';
import type { Call } from './call.ts';
import type { Operation } from './document.ts';
import type { Draft } from './draft.ts';
import type { World } from './world.ts';

/** A request that is bad by construction, why it is, and what may be said to it. */
export type Bad = {
  mutation: string;
  operation: Operation;
  call: Call;
  /** The codes of the problems that are right here; any other answer is a finding. */
  expected: readonly string[];
};

/** What a mutation makes of a good draft. */
export type Spoilt = { call: Call; expected: readonly string[] };

/** What mutations may speak of. */
export type Scene = { world: World; operations: readonly Operation[] };

/** One way to be bad. */
export type Mutation = {
  /** Why it is bad, in a few words. */
  name: string;
  /** How often it is taken, compared with the others. */
  weight: number;
  applies(operation: Operation): boolean;
  spoil(draft: Draft, scene: Scene): fc.Arbitrary<Spoilt>;
};

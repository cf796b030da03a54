import fc from 'fast-check';
import type { Bad, Mutation, Scene } from './bad.ts';
import { draftOf } from './draft.ts';
import { bodyMutations } from './spoil-body.ts';
import { callerMutations } from './spoil-caller.ts';
import { meaningMutations } from './spoil-meaning.ts';
import { targetMutations } from './spoil-target.ts';
import { textMutations } from './spoil-text.ts';
import { wireMutations } from './spoil-wire.ts';

/** Every way to be bad. */
export const mutations: readonly Mutation[] = [
  ...bodyMutations,
  ...textMutations,
  ...targetMutations,
  ...callerMutations,
  ...wireMutations,
  ...meaningMutations,
];

const requestIds = ['r-1', '', 'a b', 'x'.repeat(65), '"},{"', '\u00ff', '../../x', '\u0024{jndi:x}'];

/**
 * Bad requests of every operation. Operations are taken equally often, so that a simple one is not lost among those with
 * many fields; within one, mutations by their weight. Every fourth request also brings a strange X-Request-Id.
 */
export function badRequests(scene: Scene): fc.Arbitrary<Bad> {
  return fc
    .oneof(...scene.operations.map((operation) => badOf(operation, scene)))
    .chain((bad) =>
      fc.option(fc.constantFrom(...requestIds), { freq: 3 }).map((id) => (id === null ? bad : withRequestId(bad, id))),
    );
}

function badOf(operation: Scene['operations'][number], scene: Scene): fc.Arbitrary<Bad> {
  const applying = mutations.filter((mutation) => mutation.applies(operation));
  const draft = draftOf(operation, scene.world);
  return fc.oneof(
    ...applying.map(({ name, weight, spoil }) => ({
      weight,
      arbitrary: draft
        .chain((good) => spoil(good, scene))
        .map((spoilt): Bad => ({ mutation: name, operation, ...spoilt })),
    })),
  );
}

function withRequestId(bad: Bad, id: string): Bad {
  return { ...bad, call: { ...bad.call, headers: [...bad.call.headers, ['X-Request-Id', id]] } };
}

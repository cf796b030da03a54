import { expireDue } from './redis.ts';
import { END, type State, type World } from './state.ts';
import { type AnyActor, runAlone } from './system.ts';

/** Later than every deadline and all grace. */
const MUCH_LATER = 100;

/**
 * The fair continuation: everybody who was under way has died, time passes, and what workers repeat runs until nothing is
 * left to do. The promises of quiescence are tried here, so from every reachable state.
 */
export function settle(state: State, world: World): void {
  state.actors = {};
  state.mysql.lock = '';
  state.now = MUCH_LATER;
  const unbounded = { ...world, epochMax: Number.POSITIVE_INFINITY };
  if (state.sale) state.sale.frozen = false;
  run(state, unbounded, {
    kind: 'rebuild',
    pc: 'bump',
    past: null,
    stageRun: 0,
    isTorn: false,
    oldEpoch: null,
    kept: {},
    rounds: 3,
  });
  for (const hold of Object.keys(world.holds)) {
    run(state, unbounded, { kind: 'recovery', pc: 'list', hold, epoch: 0, isDue: false, word: '', rounds: 2 });
  }
  run(state, unbounded, { kind: 'admin', pc: 'compare', change: 'nothing', type: '', row: null });
  expireDue(state, unbounded);
  state.actors = {};
}

function run(state: State, world: World, actor: AnyActor): void {
  state.actors = { worker: actor };
  runAlone(state, world, 'worker');
  if (state.actors['worker']?.pc !== END) state.actors = {};
}

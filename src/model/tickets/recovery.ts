import { insertVoid } from './mysql.ts';
import { finish, intactSale, voidHold } from './redis.ts';
import { END, must, type Program, type Step } from './state.ts';

/** src/engine/recovery.ts for one hold. That its lease is over is not modelled: it may look at any time. */
export type Recovery = {
  kind: 'recovery';
  pc: string;
  hold: string;
  epoch: number;
  isDue: boolean;
  word: '' | 'sold' | 'void';
  rounds: number;
};

const lists: Step<Recovery> = (state, me, world) => {
  const sale = intactSale(state, world);
  const hold = sale?.holds[me.hold];
  if (!sale || hold?.state !== 'C') return null;
  me.epoch = sale.epoch;
  me.isDue = hold.deadline <= state.now;
  return 'read';
};

const reads: Step<Recovery> = (state, me, world) => {
  me.word = state.mysql.outcomes[me.hold]?.word ?? '';
  if (me.word !== '') return 'act';
  return me.isDue || !world.rules.voidNotBeforeDeadline ? 'void' : 'list';
};

const writesVoid: Step<Recovery> = (state, me, world) => {
  if (world.rules.voidIsFenced && state.mysql.epoch !== me.epoch) return endOfRound(me);
  const outcome = insertVoid(state, me.hold, 'recovery');
  if (outcome.by === 'recovery' && must(state.seen.promised, me.hold) > state.now) {
    state.seen.broken = 'recovery made a void of a hold whose token was still valid';
  }
  me.word = world.rules.recoveryObeys ? outcome.word : 'void';
  return 'act';
};

const acts: Step<Recovery> = (state, me, world) => {
  if (me.word === 'sold') finish(state, world, me.hold);
  else voidHold(state, world, me.hold);
  return endOfRound(me);
};

function endOfRound(me: Recovery): string {
  me.rounds -= 1;
  return me.rounds === 0 ? END : 'list';
}

export const recovery: Program<Recovery> = {
  list: { 'lists an orphan': lists },
  read: { 'reads its outcome': reads },
  void: { 'writes void': writesVoid },
  act: { 'tells Redis': acts },
};

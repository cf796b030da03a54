import { commitOrder, insertVoid } from './mysql.ts';
import { abort, begin, finish, place, release, voidHold } from './redis.ts';
import { END, must, type Program, type State, type Step, tellGone } from './state.ts';

/** One request of a buyer's, or reserve and confirm in a row. It goes round as src/engine/confirm.ts does. */
export type Buyer = {
  kind: 'buyer';
  pc: string;
  hold: string;
  /** The deadline of the token in hand. */
  expires: number;
  epoch: number;
  round: number;
  word: 'released' | 'expired' | 'sold_out';
  /** An earlier COMMIT of this very order was not answered. */
  doubt: boolean;
  /** How many definite failures and unanswered COMMITs this request may meet. */
  failures: number;
  doubts: number;
};

const ROUNDS_MAX = 3;

/** Goes round again, as long as the request's own deadline allows; then the answer is 503. */
function again(me: Buyer, to: string): string {
  me.round += 1;
  return me.round > ROUNDS_MAX ? END : to;
}

const attemptOf = (me: Buyer, name: string) => `${name}.${me.round}`;

/** src/engine/reserve.ts; a lost sale is asked again when it has been rebuilt. */
const reserves: Step<Buyer> = (state, me, world) => {
  const reply = place(state, world, me.hold, null);
  if (reply === 'lost') return null;
  const hold = state.sale?.holds[me.hold];
  const isHeld = reply === 'placed' || (reply === 'exists' && (hold?.state === 'H' || hold?.state === 'C'));
  if (!isHeld || !hold) return END;
  me.expires = hold.expires;
  state.seen.promised[me.hold] = Math.max(must(state.seen.promised, me.hold), hold.expires);
  return 'begin';
};

const begins: Step<Buyer> = (state, me, world, name) => {
  const reply = begin(state, world, me.hold, attemptOf(me, name));
  switch (reply) {
    case 'lost':
    case 'frozen':
      return null;
    case 'unknown':
      return world.rules.receiptsAsk ? 'ask before honouring' : 'place again';
    case 'orphaned':
      return 'decide';
    case 'begun':
      me.epoch = state.sale?.epoch ?? 0;
      return 'commit';
    default:
      me.word = reply === 'released' ? 'released' : 'expired';
      return world.rules.orderWins ? 'ask before refusing' : tellGone(state, me.hold, me.word);
  }
};

/** src/engine/confirm-commit.ts: what MySQL's word means. */
const commits: Step<Buyer> = (state, me, world, name) => {
  switch (commitOrder(state, world, { hold: me.hold, order: name, epoch: me.epoch })) {
    case 'sold':
      return 'finish';
    case 'already_sold':
      return 'finish a replay';
    case 'void':
      me.word = 'expired';
      return 'give back';
    case 'fenced':
      return again(me, 'begin');
    case 'refused':
      me.word = 'sold_out';
      return 'void';
  }
};

/** The transaction is repeated or given up, but never taken for failed while an earlier COMMIT of it is in doubt. */
const failsForCertain: Step<Buyer> = (_state, me) => {
  if (me.failures === 0) return null;
  me.failures -= 1;
  return me.doubt ? END : 'abort';
};

const isNotAnswered: Step<Buyer> = (state, me, world, name) => {
  if (me.doubts === 0) return null;
  me.doubts -= 1;
  me.doubt = true;
  state.mysql.late.push({ hold: me.hold, order: name, epoch: me.epoch });
  return world.rules.unknownIsUnknown ? 'in doubt' : 'abort';
};

const finishes: Step<Buyer> = (state, me, world) => {
  finish(state, world, me.hold);
  state.seen.created[me.hold] = must(state.seen.created, me.hold) + 1;
  return END;
};

const finishesReplay: Step<Buyer> = (state, me, world) => {
  finish(state, world, me.hold);
  return END;
};

/** Whatever MySQL refuses for want of capacity is void from then on, unless somebody else has decided. */
const writesVoid: Step<Buyer> = (state, me) => {
  if (!state.seen.wentBack)
    state.seen.broken = 'MySQL refused a ticket that Redis had in sale, and nothing was forgotten';
  return insertVoid(state, me.hold, 'guard').word === 'sold' ? 'finish a replay' : 'give back';
};

const givesBack: Step<Buyer> = (state, me, world) => {
  voidHold(state, world, me.hold);
  return tellGone(state, me.hold, me.word);
};

const asksBeforeRefusing: Step<Buyer> = (state, me) =>
  state.mysql.outcomes[me.hold]?.word === 'sold' ? 'finish a replay' : tellGone(state, me.hold, me.word);

const asksBeforeHonouring: Step<Buyer> = (state, me) => {
  const word = state.mysql.outcomes[me.hold]?.word;
  if (word === 'sold') return 'finish a replay';
  return word === 'void' ? tellGone(state, me.hold, 'expired') : 'place again';
};

/** What is short today may come back, so that only a lapsed receipt is a final word. */
const placesAgain: Step<Buyer> = (state, me, world) => {
  switch (place(state, world, me.hold, me.expires)) {
    case 'receipt_expired':
      return tellGone(state, me.hold, 'expired');
    case 'limit_reached':
    case 'sold_out':
      if (must(state.mysql.orders, me.hold).length > 0) state.seen.broken = 'sold out was said to a hold with an order';
      return END;
    default:
      return again(me, 'begin');
  }
};

/** No grace is left, so MySQL is made to decide before anything is said. */
const decides: Step<Buyer> = (state, me) => {
  me.word = 'expired';
  return insertVoid(state, me.hold, 'confirm').word === 'sold' ? 'finish a replay' : 'give back';
};

/** src/engine/release.ts. */
const releases: Step<Buyer> = (state, me, world) => {
  // There is no token to release with before the hold was promised to anybody.
  if (must(state.seen.promised, me.hold) === 0) return null;
  const reply = release(state, world, me.hold);
  if (reply === 'lost') return null;
  if (reply === 'confirming') return END;
  if (reply === 'released') return tellGone(state, me.hold, 'released');
  me.word = 'expired';
  return reply === 'unknown' && world.rules.forgottenIsVoid ? 'ask before voiding' : 'ask before refusing';
};

const asksBeforeVoiding: Step<Buyer> = (state, me) => {
  const word = state.mysql.outcomes[me.hold]?.word;
  if (word === 'sold') return END;
  return word === 'void' ? tellGone(state, me.hold, 'expired') : 'void to release';
};

const voidsToRelease: Step<Buyer> = (state, me) => {
  me.word = me.expires <= state.now ? 'expired' : 'released';
  return insertVoid(state, me.hold, 'release').word === 'sold' ? END : 'give back';
};

export const buyer: Program<Buyer> = {
  reserve: { reserves },
  begin: { 'begins to confirm': begins },
  commit: {
    'commits in MySQL': commits,
    'fails for certain': failsForCertain,
    'sends COMMIT, no answer': isNotAnswered,
  },
  'in doubt': { 'answers 503': () => END, 'repeats the transaction': () => 'commit' },
  abort: {
    'aborts its attempt': (state, me, world, name) => {
      abort(state, world, { id: me.hold, epoch: me.epoch, attempt: attemptOf(me, name) });
      return END;
    },
  },
  finish: { 'finishes and answers 201': finishes },
  'finish a replay': { 'finishes and answers 200': finishesReplay },
  void: { 'writes void': writesVoid },
  'give back': { 'gives back and answers': givesBack },
  'ask before refusing': { 'asks MySQL for an order': asksBeforeRefusing },
  'ask before honouring': { 'asks MySQL for an outcome': asksBeforeHonouring },
  'place again': { 'places the receipt again': placesAgain },
  decide: { 'has MySQL decide': decides },
  release: { 'asks for release': releases },
  'ask before voiding': { 'asks MySQL for an outcome': asksBeforeVoiding },
  'void to release': { 'has MySQL decide against it': voidsToRelease },
  'after the swap': {
    'comes back': (state: State) => ((state.faults['swap'] ?? 0) > 0 ? null : 'begin'),
  },
};

import { couponPromise } from './coupons/promises.ts';
import { type CouponRules, couponRulesWithout } from './coupons/rules.ts';
import { type CouponActor, type CouponState, type CouponWorld, nobody } from './coupons/state.ts';
import { couponMoves } from './coupons/system.ts';
import type { Scenario } from './scenarios.ts';
import type { System } from './search.ts';

type CouponScenario = {
  name: string;
  about: string;
  shows: readonly (keyof CouponRules)[];
  buyers: string[];
  quantity: number;
  /** Who has a coupon at the beginning, in the hash alone: the stream is gone. */
  issued?: string[];
  actors: Record<string, CouponActor>;
  faults: Record<string, number>;
};

const asks = (buyer: string): CouponActor => ({ kind: 'issue', pc: 'ask', buyer });
const consumes = (rounds: number): CouponActor => ({
  kind: 'consumer',
  pc: 'read',
  epoch: 0,
  run: 0,
  batch: [],
  rounds,
});
const rebuilds = (rounds: number): CouponActor => ({
  ...{
    kind: 'rebuild',
    pc: 'bump',
    epoch: 0,
    onlyInHash: nobody(['ann', 'bob']),
    found: nobody(['ann', 'bob']),
    rounds,
  },
});

const scenarios: CouponScenario[] = [
  {
    name: 'coupons',
    about: 'two buyers want the last coupon, one of them asks twice, and two consumers write',
    shows: ['onePerBuyer', 'quantityIsCounted', 'oneBreath', 'ackAfterCommit'],
    buyers: ['ann', 'bob'],
    quantity: 1,
    actors: { ann: asks('ann'), again: asks('ann'), bob: asks('bob'), consumer1: consumes(2), consumer2: consumes(1) },
    faults: {},
  },
  {
    name: 'coupons and a lost key',
    about: 'the coupons and the stream are lost under issuing, writing and a rebuild',
    shows: ['campaignIsWhole', 'streamIsAdded', 'hashIsPublished'],
    buyers: ['ann', 'bob'],
    quantity: 1,
    actors: { ann: asks('ann'), bob: asks('bob'), consumer: consumes(2), rebuild: rebuilds(2) },
    faults: { loseHash: 1, loseStream: 1 },
  },
  {
    name: 'coupons and a flush',
    about: 'Redis loses everything under issuing, writing and a rebuild',
    shows: ['insertIsFenced', 'rowsAreAdded'],
    buyers: ['ann', 'bob'],
    quantity: 1,
    actors: { ann: asks('ann'), bob: asks('bob'), consumer: consumes(1), rebuild: rebuilds(2) },
    faults: { flush: 1 },
  },
  {
    name: 'coupons and two rebuilds',
    about: 'the stream was lost with the only coupon, and Redis loses everything while two processes rebuild',
    shows: ['claimIsChecked', 'addsAreClaimed', 'claimIsNewest'],
    buyers: ['ann', 'bob'],
    quantity: 1,
    issued: ['ann'],
    actors: { bob: asks('bob'), consumer: consumes(1), rebuild1: rebuilds(1), rebuild2: rebuilds(1) },
    faults: { flush: 1 },
  },
  {
    name: 'coupons and a restart',
    about: 'Redis goes back to what it had saved under issuing, writing and a rebuild',
    shows: ['campaignRunIsChecked', 'ackKnowsRun'],
    buyers: ['ann', 'bob'],
    quantity: 2,
    actors: { ann: asks('ann'), again: asks('ann'), bob: asks('bob'), consumer: consumes(2), rebuild: rebuilds(2) },
    faults: { save: 1, restart: 1 },
  },
];

function initialState({ buyers, actors, faults, issued }: CouponScenario): CouponState {
  const coupons = Object.fromEntries(buyers.map((buyer) => [buyer, issued?.includes(buyer) ? `of ${buyer}` : '']));
  const redis: CouponState['redis'] = {
    campaign: { epoch: 1, run: 1, claim: 0, claimRun: 0 },
    coupons: { mark: 1, of: { ...coupons } },
    stream: issued ? null : { lastId: 0, entries: [] },
  };
  return {
    run: 1,
    redis,
    saved: faults['restart'] ? structuredClone(redis) : null,
    mysql: { epoch: 1, rows: nobody(buyers) },
    actors,
    faults,
    told: coupons,
    lost: [],
    broken: '',
  };
}

export const couponScenarios: Scenario[] = scenarios.map((scenario) => ({
  ...{ name: scenario.name, about: scenario.about, shows: scenario.shows },
  system: (without) => {
    const { buyers, quantity } = scenario;
    const world: CouponWorld = { rules: couponRulesWithout(without), buyers, quantity };
    const system: System<CouponState> = {
      initial: initialState(scenario),
      moves: (state) => couponMoves(state, world),
      broken: couponPromise(world),
    };
    return system as System<unknown>;
  },
}));

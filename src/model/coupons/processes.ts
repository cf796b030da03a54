import {
  type Consumer,
  type CouponActor,
  type CouponRebuild,
  type CouponState,
  type CouponWorld,
  countOf,
  couponsOf,
  END,
  type Issue,
  isIntact,
  nobody,
  publish,
} from './state.ts';

type Step<A extends CouponActor> = (state: CouponState, me: A, world: CouponWorld) => string | null;

type Program<A extends CouponActor> = Record<string, Record<string, Step<A>>>;

/** lua/issue-coupons.lua. A lost campaign answers 503, and the buyer asks again when it has been rebuilt. */
const issues: Step<Issue> = (state, me, world) => {
  if (!isIntact(state, world)) return null;
  const of = couponsOf(state, world);
  const known = of[me.buyer] as string;
  if (known !== '' && world.rules.onePerBuyer) return tell(state, me, known);
  if (countOf(of) >= world.quantity && world.rules.quantityIsCounted) return refuse(state, me);
  const coupon = `of ${me.buyer}`;
  of[me.buyer] = coupon;
  tell(state, me, coupon);
  if (!world.rules.oneBreath) return 'publish';
  publish(state, me.buyer, coupon);
  return END;
};

function refuse(state: CouponState, me: Issue): string {
  const isWinner = state.told[me.buyer] !== '' && !state.lost.includes(me.buyer);
  if (isWinner) state.broken = `${me.buyer} has a coupon and was told that none is left`;
  return END;
}

function tell(state: CouponState, me: Issue, coupon: string): string {
  state.told[me.buyer] = coupon;
  // Who asks again after a loss is told of a coupon that is there.
  state.lost = state.lost.filter((buyer) => buyer !== me.buyer);
  return END;
}

const publishesLate: Step<Issue> = (state, me) => {
  publish(state, me.buyer, state.told[me.buyer] as string);
  return END;
};

/** src/engine/coupon-lane.ts: any consumer may have any entry, for what one has left another one takes over. */
const reads: Step<Consumer> = (state, me, { rules }) => {
  const { campaign, stream } = state.redis;
  if (!campaign || campaign.epoch === 0 || !stream || stream.entries.length === 0) return null;
  me.epoch = campaign.epoch;
  me.run = state.run;
  me.batch = structuredClone(stream.entries);
  return rules.ackAfterCommit ? 'store' : 'ack';
};

/** src/engine/coupon-batch.ts: a coupon that is stored already is fine; another one of the same buyer ends as a dead letter. */
const stores: Step<Consumer> = (state, me, { rules }) => {
  if (rules.insertIsFenced && state.mysql.epoch !== me.epoch) return endOfRound(me);
  for (const { buyer, coupon } of me.batch) if (state.mysql.rows[buyer] === '') state.mysql.rows[buyer] = coupon;
  return rules.ackAfterCommit ? 'ack' : endOfRound(me);
};

/** lua/ack-coupons.lua. */
const acks: Step<Consumer> = ({ redis, run }, me, { rules }) => {
  const isMine = me.run === run || !rules.ackKnowsRun;
  const ids = new Set(me.batch.map((entry) => entry.id));
  if (redis.stream && isMine) redis.stream.entries = redis.stream.entries.filter((entry) => !ids.has(entry.id));
  return rules.ackAfterCommit ? endOfRound(me) : 'store';
};

function endOfRound(me: Consumer): string {
  me.batch = [];
  me.run = 0;
  me.rounds -= 1;
  return me.rounds === 0 ? END : 'read';
}

/** src/engine/coupon-rebuild.ts: the epoch is raised unless both stores agree and nothing is lost. */
const bumps: Step<CouponRebuild> = (state, me, world) => {
  if (isIntact(state, world) && state.redis.campaign?.epoch === state.mysql.epoch) return null;
  state.mysql.epoch += 1;
  me.epoch = state.mysql.epoch;
  return 'suspend';
};

/** lua/suspend-campaign.lua. */
const suspends: Step<CouponRebuild> = (state, me, world) => {
  const campaign = state.redis.campaign ?? { epoch: 0, run: 0, claim: 0, claimRun: 0 };
  state.redis.campaign = campaign;
  if (campaign.epoch >= me.epoch || campaign.claim >= me.epoch) return again(me, world);
  campaign.run = 0;
  campaign.claim = me.epoch;
  campaign.claimRun = state.run;
  couponsOf(state, world);
  if (state.redis.coupons) state.redis.coupons.mark = -me.epoch;
  state.redis.stream ??= { lastId: 0, entries: [] };
  return 'compare';
};

/** A newer epoch may have been installed and forgotten again, and its consumers would still be writing. */
const compares: Step<CouponRebuild> = (state, me, world) =>
  world.rules.claimIsNewest && state.mysql.epoch !== me.epoch ? again(me, world) : 'read the hash';

const readsHash: Step<CouponRebuild> = (state, me, world) => {
  me.onlyInHash = { ...(state.redis.coupons?.of ?? nobody(world.buyers)) };
  return 'read the stream';
};

const readsStream: Step<CouponRebuild> = (state, me, { rules }) => {
  for (const { buyer, coupon } of state.redis.stream?.entries ?? []) {
    me.onlyInHash[buyer] = '';
    if (rules.streamIsAdded) me.found[buyer] = coupon;
  }
  return 'add the stream';
};

const readsMysql: Step<CouponRebuild> = (state, me, { rules }) => {
  for (const [buyer, coupon] of Object.entries(state.mysql.rows)) {
    if (coupon === '') continue;
    me.onlyInHash[buyer] = '';
    if (rules.rowsAreAdded) me.found[buyer] = coupon;
  }
  return 'add the rows';
};

/** lua/add-coupons.lua: coupons are only ever added, and none that was read before a loss. */
const adds =
  (to: string): Step<CouponRebuild> =>
  (state, me, world) => {
    if (!isClaimed(state, me) && world.rules.addsAreClaimed) return again(me, world);
    const found = Object.entries(me.found).filter(([, coupon]) => coupon !== '');
    if (found.length > 0) Object.assign(couponsOf(state, world), Object.fromEntries(found));
    me.found = nobody(world.buyers);
    return to;
  };

function isClaimed({ redis, run }: CouponState, me: CouponRebuild): boolean {
  return redis.campaign?.claim === me.epoch && redis.campaign.claimRun === run;
}

/** lua/publish-coupons.lua. */
const publishes: Step<CouponRebuild> = (state, me, world) => {
  if (!isClaimed(state, me) && world.rules.addsAreClaimed) return again(me, world);
  if (!world.rules.hashIsPublished) return 'install';
  for (const [buyer, coupon] of Object.entries(me.onlyInHash)) if (coupon !== '') publish(state, buyer, coupon);
  return 'install';
};

/** lua/install-campaign.lua. */
const installs: Step<CouponRebuild> = (state, me, world) => {
  const { coupons, stream } = state.redis;
  const isWhole = isClaimed(state, me) && coupons?.mark === -me.epoch && stream !== null;
  if (!isWhole && world.rules.claimIsChecked) return again(me, world);
  state.redis.campaign = { epoch: me.epoch, run: state.run, claim: 0, claimRun: 0 };
  couponsOf(state, world);
  if (state.redis.coupons) state.redis.coupons.mark = me.epoch;
  state.redis.stream ??= { lastId: 0, entries: [] };
  return again(me, world);
};

function again(me: CouponRebuild, { buyers }: CouponWorld): string {
  me.epoch = 0;
  me.onlyInHash = nobody(buyers);
  me.found = nobody(buyers);
  me.rounds -= 1;
  return me.rounds === 0 ? END : 'bump';
}

const issue: Program<Issue> = {
  ask: { 'asks for a coupon': issues },
  publish: { 'puts it into the stream': publishesLate },
};

const consumer: Program<Consumer> = {
  read: { 'reads the stream': reads },
  store: { 'stores coupons in MySQL': stores },
  ack: { 'takes them out of the stream': acks },
};

const rebuild: Program<CouponRebuild> = {
  bump: { 'raises the epoch': bumps },
  suspend: { 'suspends and claims': suspends },
  compare: { 'compares the epochs': compares },
  'read the hash': { 'reads the hash': readsHash },
  'read the stream': { 'reads the stream': readsStream },
  'add the stream': { 'adds what the stream had': adds('read the rows') },
  'read the rows': { 'reads MySQL': readsMysql },
  'add the rows': { 'adds what MySQL had': adds('publish') },
  publish: { 'publishes what only the hash had': publishes },
  install: { 'installs the campaign': installs },
};

/** An actor only ever runs the program of its own kind, which the compiler cannot know. */
export const couponPrograms = { issue, consumer, rebuild } as unknown as Record<
  CouponActor['kind'],
  Program<CouponActor>
>;

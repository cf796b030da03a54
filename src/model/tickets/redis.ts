import {
  buyerOf,
  type Hold,
  type HoldState,
  linesOf,
  must,
  type Sale,
  type State,
  unitsOf,
  type World,
} from './state.ts';

// Each function here is one script of lua/, and so one step that nothing comes between.

/** lua/include/intact.lua: the sale, or null when it is lost. */
export function intactSale({ sale, run }: State, { rules }: World): Sale | null {
  if (!sale || sale.run === 0) return null;
  if (rules.runIsChecked && sale.run !== run) return null;
  return sale.whole || !rules.keysAreWhole ? sale : null;
}

export function isLive(hold: Hold | null): hold is Hold {
  return hold?.state === 'H' || hold?.state === 'C';
}

/** lua/place-holds.lua; with the deadline of a receipt, its hold is placed again. */
export function place(state: State, world: World, id: string, receiptExpires: number | null) {
  const sale = intactSale(state, world);
  if (!sale) return 'lost';
  if (sale.holds[id] && world.rules.idsLiveOnce) return 'exists';
  const refused = refusal(state, world, sale, id, receiptExpires);
  if (refused) return refused;
  const expires = receiptExpires ?? state.now + 1;
  sale.holds[id] = { state: 'H', expires, deadline: expires, epoch: sale.epoch, attempts: [] };
  move(sale, world, id, 'available', 'held');
  must(sale.buyers, buyerOf(world, id)).held += unitsOf(world, id);
  if (receiptExpires === null && state.seen.pauseAnswered)
    state.seen.broken = 'a hold was placed after "paused" was answered';
  return 'placed';
}

function refusal(state: State, world: World, sale: Sale, id: string, receiptExpires: number | null) {
  const { rules, buyerTicketsMax } = world;
  if (receiptExpires !== null) {
    if (receiptExpires <= state.now) return 'receipt_expired';
  } else if (sale.paused && rules.gateIsShut) return 'sale_paused';
  const { held, bought } = must(sale.buyers, buyerOf(world, id));
  const counted = held + (rules.limitCountsBought ? bought : 0) + unitsOf(world, id);
  const isLimited = receiptExpires === null || rules.receiptsAreLimited;
  if (isLimited && counted > buyerTicketsMax) return 'limit_reached';
  if (isShort(sale, world, id)) expireDue(state, world);
  return isShort(sale, world, id) ? 'sold_out' : null;
}

/** Without the rule the lines that do fit are taken before it is seen that another one does not. */
function isShort(sale: Sale, world: World, id: string): boolean {
  const lines = Object.entries(linesOf(world, id));
  const short = lines.filter(([type, quantity]) => must(sale.stock, type).available < quantity);
  if (short.length === 0) return false;
  if (world.rules.everyLineOrNone) return true;
  for (const [type, quantity] of lines) {
    const counts = must(sale.stock, type);
    if (counts.available < quantity) continue;
    counts.available -= quantity;
    counts.held += quantity;
  }
  return true;
}

/** lua/begin-confirms.lua; `orphaned` is the proposal's word for a hold that is CONFIRMING beyond all grace. */
export function begin(state: State, world: World, id: string, attempt: string) {
  const sale = intactSale(state, world);
  if (!sale) return 'lost';
  if (sale.frozen && world.rules.freeze) return 'frozen';
  const hold = sale.holds[id];
  if (!hold) return 'unknown';
  if (hold.state === 'S') return 'sold';
  if (hold.state === 'R') return 'released';
  if (hold.state === 'E') return 'expired';
  if (hold.state === 'C' && hold.expires + 1 <= state.now) return world.rules.graceEndsInMysql ? 'orphaned' : 'expired';
  if (hold.state === 'H' && hold.deadline <= state.now) {
    giveBack(sale, world, id, hold, 'E');
    return 'expired';
  }
  if (!world.rules.beginFirst) return 'begun';
  hold.state = 'C';
  hold.epoch = sale.epoch;
  if (!hold.attempts.includes(attempt)) hold.attempts.push(attempt);
  return 'begun';
}

/** lua/abort-confirms.lua; grace lasts one tick, and never beyond one tick after the promised deadline. */
export function abort(state: State, world: World, input: { id: string; epoch: number; attempt: string }): void {
  const sale = intactSale(state, world);
  const hold = sale?.holds[input.id];
  if (!sale || hold?.state !== 'C' || hold.epoch !== input.epoch || sale.epoch !== input.epoch) return;
  if (!hold.attempts.includes(input.attempt)) return;
  hold.attempts = hold.attempts.filter((attempt) => attempt !== input.attempt);
  if (hold.attempts.length > 0 && world.rules.openAttempts) return;
  hold.state = 'H';
  hold.attempts = [];
  hold.deadline = gracedDeadline(state, hold);
}

export function gracedDeadline(state: State, hold: Hold): number {
  return Math.max(hold.deadline, Math.min(state.now + 1, hold.expires + 1));
}

/** lua/finish-confirms.lua; a lost sale is left to the rebuild. */
export function finish(state: State, world: World, id: string): void {
  const sale = intactSale(state, world);
  if (!sale) return;
  const hold = sale.holds[id] ?? null;
  if (hold?.state === 'S' && world.rules.finishOnce) return;
  const wasLive = isLive(hold);
  if (!wasLive && !world.rules.debit) return;
  move(sale, world, id, wasLive ? 'held' : 'available', 'sold');
  const buyer = must(sale.buyers, buyerOf(world, id));
  buyer.bought += unitsOf(world, id);
  if (wasLive) buyer.held -= unitsOf(world, id);
  const expires = hold?.expires ?? state.now;
  sale.holds[id] = { state: 'S', expires, deadline: hold?.deadline ?? expires, epoch: sale.epoch, attempts: [] };
  sale.finishes += 1;
}

/** lua/void-hold.lua. */
export function voidHold(state: State, world: World, id: string): void {
  const sale = intactSale(state, world);
  const hold = sale?.holds[id] ?? null;
  if (!sale) return;
  if (isLive(hold)) giveBack(sale, world, id, hold, 'E');
  // An id that was unknown is remembered as ended.
  sale.holds[id] ??= { state: 'E', expires: state.now, deadline: state.now, epoch: sale.epoch, attempts: [] };
}

/** lua/release-hold.lua. */
export function release(state: State, world: World, id: string) {
  const sale = intactSale(state, world);
  if (!sale) return 'lost';
  const hold = sale.holds[id] ?? null;
  if (!hold) return 'unknown';
  if (hold.state === 'S') return 'sold';
  if (hold.state === 'R') return 'released';
  if (hold.state === 'E') return 'expired';
  if (hold.state === 'C' && world.rules.releaseHeldOnly) return 'confirming';
  const isDue = hold.deadline <= state.now;
  giveBack(sale, world, id, hold, isDue ? 'E' : 'R');
  return isDue ? 'expired' : 'released';
}

/** lua/expire-holds.lua; true when something was due. */
export function expireDue(state: State, world: World): boolean {
  const sale = intactSale(state, world);
  if (!sale) return false;
  let any = false;
  for (const [id, hold] of Object.entries(sale.holds)) {
    const isTouched = hold?.state === 'H' || (hold?.state === 'C' && !world.rules.expireHeldOnly);
    if (!hold || !isTouched || hold.deadline > state.now) continue;
    giveBack(sale, world, id, hold, 'E');
    any = true;
  }
  return any;
}

/** lua/include/give-back.lua. */
function giveBack(sale: Sale, world: World, id: string, hold: Hold, to: HoldState): void {
  move(sale, world, id, 'held', 'available');
  must(sale.buyers, buyerOf(world, id)).held -= unitsOf(world, id);
  hold.state = to;
  hold.attempts = [];
}

type Place = 'available' | 'held' | 'sold';

/** lua/include/stock.lua: units only move, so their sum never changes. */
export function move(sale: Sale, world: World, id: string, from: Place, to: Place): void {
  for (const [type, quantity] of Object.entries(linesOf(world, id))) {
    const counts = must(sale.stock, type);
    counts[from] -= quantity;
    counts[to] += quantity;
  }
}

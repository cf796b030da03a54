/** What each rule says, and where the engine keeps it. Switched off alone, every one of them breaks a promise. */
export const ticketRules = {
  everyLineOrNone: 'a place checks every line before its first write (lua/place-holds.lua)',
  limitCountsBought: "a buyer's limit counts held and bought (lua/place-holds.lua)",
  idsLiveOnce: 'a place answers a known id, live or ended, before anything else (lua/place-holds.lua)',
  gateIsShut: 'a paused sale takes no new hold (lua/place-holds.lua)',
  receiptsAreLimited: "a receipt is honoured within its buyer's limit only (lua/place-holds.lua)",
  memory: 'an ended hold is remembered until its token has lapsed (lua/include/give-back.lua)',
  expireHeldOnly: 'expiring touches HELD holds only, never CONFIRMING ones (lua/include/expire.lua)',
  releaseHeldOnly: 'a release touches HELD holds only (lua/release-hold.lua)',
  beginFirst: 'a hold is CONFIRMING before MySQL is touched (lua/begin-confirms.lua)',
  openAttempts: 'only the last open attempt returns a hold to HELD (lua/abort-confirms.lua)',
  unknownIsUnknown: 'a COMMIT without an answer is no failure (src/mysql/order-attempt.ts)',
  oneOutcome: 'a hold has one outcome for ever (hold_outcomes, src/mysql/order-transaction.ts)',
  guard: 'MySQL sells no more than its capacity (src/mysql/order-transaction.ts)',
  fence: 'a commit of an older epoch is refused (src/mysql/order-transaction.ts)',
  orderWins: '"gone" is said only after MySQL was asked (src/engine/confirm.ts)',
  receiptsAsk: 'a receipt is honoured only where MySQL has no outcome (src/engine/confirm.ts)',
  forgottenIsVoid: 'a release of a forgotten hold has MySQL decide against it (src/engine/release.ts)',
  debit: 'a finish takes units that had gone back from what is available (lua/finish-confirms.lua)',
  finishOnce: 'a second finish changes nothing (lua/finish-confirms.lua)',
  voidNotBeforeDeadline: 'recovery makes no void while a deadline is ahead (src/engine/recovery.ts)',
  recoveryObeys: 'recovery obeys an outcome that was written first (src/mysql/outcomes.ts)',
  runIsChecked: 'a sale of another run of Redis is lost (lua/include/intact.lua)',
  keysAreWhole: 'a sale with a missing key is lost (lua/include/intact.lua)',
  readUnderBump: 'a rebuild reads MySQL in the transaction that raises the epoch (src/engine/rebuild-past.ts)',
  suspended: 'the old sale stands still while it is copied (lua/suspend-sale.lua)',
  outcomesAreStaged: 'a rebuild puts outcomes back as ended holds (src/engine/rebuild-past.ts)',
  outcomesWin: 'recorded outcomes win over live holds (src/engine/rebuild-holds.ts)',
  endedAreKept: 'a rebuild keeps released and expired holds (src/engine/rebuild-holds.ts)',
  boughtIsRebuilt: 'a rebuild counts what buyers have bought (src/engine/rebuild-past.ts)',
  installedIfUnmoved: 'a rebuild is installed only where it was copied from (lua/install-sale.lua)',
  stageIsWhole: 'a staging that lost a part is not installed (lua/install-sale.lua)',
  finishCounter: 'a resync starts over when a confirm finished meanwhile (lua/resync-sale.lua)',
  resyncEpoch: 'a resync starts over when the sale was rebuilt meanwhile (lua/resync-sale.lua)',
  committedBecomeSold: 'a resync makes committed CONFIRMING holds SOLD (lua/resync-sale.lua)',
  oneSnapshot: 'a resync looks ids up in the snapshot of its counts (src/engine/resync.ts)',
  heldIsCounted: 'a resync counts held again from the live holds (lua/resync-sale.lua)',
  freeze: 'begins wait while a resync counts (lua/freeze-confirms.lua)',
  increaseMysqlFirst: 'more capacity goes to MySQL before Redis (src/engine/capacity.ts)',
  decreaseRedisFirst: 'less capacity goes to Redis before MySQL (src/engine/capacity.ts)',
  withdrawAvailable: 'only available tickets are taken out of sale (lua/withdraw-stock.lua)',
  versions: 'Redis ignores older versions of a sale (lua/apply-sale.lua)',
  rowLock: "reconciliation applies under the sale's row lock (src/engine/reconcile.ts)",
  newestIsLocked: "an admin's change is applied to Redis under the sale's row lock (src/engine/sales.ts)",
  graceEndsInMysql: 'a confirm after all grace has MySQL decide instead of answering 410 (src/engine/confirm.ts)',
  installIsCurrent: "a rebuild is installed under the row lock, at MySQL's newest version (src/engine/rebuild.ts)",
  epochIsCompared: "a rebuild is installed only while MySQL's epoch is still its own (src/engine/rebuild.ts)",
  voidIsFenced: 'recovery writes no void for a hold of an older epoch (src/engine/recovery.ts)',
} as const;

export type TicketRule = keyof typeof ticketRules;

export type Rules = Record<TicketRule, boolean>;

export const allTicketRules = Object.keys(ticketRules) as TicketRule[];

/** All rules but those named. */
export function ticketRulesWithout(without: readonly string[]): Rules {
  return Object.fromEntries(allTicketRules.map((rule) => [rule, !without.includes(rule)])) as Rules;
}

import { ann, bob, one, type TicketScenario } from './scenarios.ts';
import { buys, comesBack, confirms, rebuilds, recovers, releases, resyncs } from './tickets/start.ts';

/** Buyers, expiry, recovery and resync where Redis keeps what it has, or nearly so. */
export const holds: readonly TicketScenario[] = [
  {
    name: 'one hold',
    about: 'two confirms, one of which may fail or stay unanswered, a release and recovery, through deadline and grace',
    shows: [
      ...(['openAttempts', 'releaseHeldOnly', 'unknownIsUnknown', 'oneOutcome', 'beginFirst'] as const),
      ...(['voidNotBeforeDeadline', 'recoveryObeys', 'finishOnce', 'orderWins', 'graceEndsInMysql', 'memory'] as const),
    ],
    start: {
      capacity: { seat: 2 },
      holds: { A: ann('H') },
      actors: {
        confirm1: confirms('A', { doubts: 1 }),
        confirm2: confirms('A', { failures: 1 }),
        release: releases('A'),
        recovery: recovers('A'),
      },
      until: 2,
    },
  },
  {
    name: 'last ticket',
    about: 'a confirm against expiry, and another buyer who wants the same ticket',
    shows: ['expireHeldOnly'],
    start: {
      capacity: { seat: 1 },
      holds: { A: ann('H'), B: bob() },
      actors: { confirm: confirms('A', { doubts: 1 }), bob: buys('B'), recovery: recovers('A') },
      until: 2,
    },
  },
  {
    name: 'two lines',
    about: 'two buyers want one floor ticket and two seats each, and of the seats there are three',
    shows: ['everyLineOrNone', 'idsLiveOnce'],
    start: {
      capacity: { floor: 2, seat: 3 },
      holds: { A: { buyer: 'ann', lines: { floor: 1, seat: 2 } }, B: { buyer: 'bob', lines: { floor: 1, seat: 2 } } },
      actors: { ann: buys('A', { doubts: 1 }), again: buys('A'), bob: buys('B') },
      until: 1,
    },
  },
  {
    name: 'limit',
    about: 'a buyer may buy one ticket and tries twice, with a loss of Redis in between',
    shows: ['limitCountsBought', 'boughtIsRebuilt', 'receiptsAreLimited', 'keysAreWhole'],
    start: {
      capacity: { seat: 3 },
      holds: { A: ann('H'), B: ann() },
      actors: { confirm: confirms('A'), ann: buys('B'), rebuild: rebuilds(2) },
      faults: { flush: 1, loseBuyers: 1 },
      buyerTicketsMax: 1,
    },
  },
  {
    name: 'resync',
    about: 'a resync counts under two confirms and a reserve',
    shows: ['finishCounter', 'committedBecomeSold', 'oneSnapshot', 'freeze'],
    start: {
      capacity: { seat: 3 },
      holds: { A: ann('H'), B: bob('H'), C: { buyer: 'cleo', lines: one } },
      actors: { confirm1: confirms('A'), confirm2: confirms('B'), resync: resyncs() },
    },
  },
  {
    name: 'resync and recovery',
    about: 'a resync counts while an orphan is decided and another hold is confirmed',
    shows: [],
    start: {
      capacity: { seat: 2 },
      holds: { A: ann('C'), B: bob('H') },
      actors: { confirm: confirms('B', { doubts: 1 }), recovery: recovers('A'), resync: resyncs() },
      until: 1,
    },
  },
  {
    name: 'drift',
    about: 'somebody has changed a count by hand, and a resync sets it right in mid-sale',
    shows: ['heldIsCounted'],
    when: 'at the end',
    start: {
      capacity: { seat: 3 },
      holds: { A: ann('H'), B: bob() },
      actors: { confirm: confirms('A'), bob: buys('B'), resync: resyncs() },
      drift: { type: 'seat', available: 1, held: 1 },
    },
  },
  {
    name: 'older Redis',
    about: 'an older Redis takes the place of the newer one unseen; the buyer repeats his confirm afterwards',
    shows: ['debit', 'receiptsAsk'],
    when: 'at the end',
    start: {
      capacity: { seat: 2 },
      holds: { A: ann('H') },
      actors: { confirm: confirms('A'), repeat: comesBack('A') },
      faults: { swap: 1 },
      until: 2,
    },
  },
];

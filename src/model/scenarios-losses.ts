import { ann, bob, type TicketScenario } from './scenarios.ts';
import { buys, confirms, rebuilds, recovers, releases } from './tickets/start.ts';

/** Redis that loses everything, goes back in time or loses a key, and what rebuilds it. */
export const losses: readonly TicketScenario[] = [
  {
    name: 'limit and restart',
    about: 'Redis forgets that a buyer released one hold, and he confirms it besides another one',
    shows: [],
    start: {
      capacity: { seat: 3 },
      holds: { A: ann('H'), B: ann() },
      actors: { release: releases('A'), ann: buys('B'), confirm: confirms('A'), rebuild: rebuilds(1) },
      faults: { restart: 1 },
      buyerTicketsMax: 1,
    },
  },
  {
    name: 'flush',
    about: 'Redis loses everything under two confirms of one hold',
    shows: ['fence', 'outcomesAreStaged', 'readUnderBump'],
    start: {
      capacity: { seat: 2 },
      holds: { A: ann('H') },
      actors: { confirm1: confirms('A', { doubts: 1 }), confirm2: confirms('A'), rebuild: rebuilds(1) },
      faults: { flush: 1 },
      until: 1,
    },
  },
  {
    name: 'flush again',
    about: 'Redis loses everything twice, and two processes rebuild under a confirm',
    shows: ['stageIsWhole'],
    start: {
      capacity: { seat: 1 },
      holds: { A: ann('H') },
      actors: { confirm: confirms('A'), rebuild1: rebuilds(2), rebuild2: rebuilds(1) },
      faults: { flush: 2 },
    },
  },
  {
    name: 'forgotten release',
    about: 'Redis forgets a hold that is released and confirmed at the same time',
    shows: ['forgottenIsVoid'],
    start: {
      capacity: { seat: 2 },
      holds: { A: ann('H') },
      actors: { confirm: confirms('A'), release: releases('A'), rebuild: rebuilds(1) },
      faults: { flush: 1 },
      until: 1,
    },
  },
  {
    name: 'forgotten and taken',
    about: 'the same, where another buyer takes the ticket meanwhile and gives it back',
    shows: ['forgottenIsVoid'],
    start: {
      capacity: { seat: 1 },
      holds: { A: ann('H'), B: bob() },
      actors: {
        confirm: confirms('A'),
        release: releases('A'),
        bob: buys('B'),
        back: releases('B'),
        rebuild: rebuilds(1),
      },
      faults: { flush: 1 },
    },
  },
  {
    name: 'restart',
    about: 'Redis goes back to what it had saved, under a confirm, a release and another buyer',
    shows: ['runIsChecked', 'guard', 'outcomesWin'],
    start: {
      capacity: { seat: 1 },
      holds: { A: ann('H'), B: bob() },
      actors: { confirm: confirms('A'), release: releases('A'), bob: buys('B'), rebuild: rebuilds(1) },
      faults: { save: 1, restart: 1 },
      until: 1,
    },
  },
  {
    name: 'restart under recovery',
    about: 'Redis goes back in time under a confirm whose COMMIT may be late, a repeat and recovery',
    shows: [],
    start: {
      capacity: { seat: 1 },
      holds: { A: ann('H') },
      actors: {
        confirm: confirms('A', { doubts: 1 }),
        repeat: confirms('A'),
        recovery: recovers('A'),
        rebuild: rebuilds(1),
      },
      faults: { restart: 1 },
      until: 1,
    },
  },
  {
    name: 'dead rebuild',
    about:
      'a rebuild died after it raised the epoch, so two others copy a sale that is alive, under a confirm and a release',
    shows: ['suspended', 'installedIfUnmoved'],
    start: {
      capacity: { seat: 2 },
      holds: { A: ann('H') },
      actors: { confirm: confirms('A'), release: releases('A'), rebuild1: rebuilds(1), rebuild2: rebuilds(1) },
      epoch: 2,
    },
  },
  {
    name: 'lost key',
    about: 'Redis loses the key of the buyers under a confirm that may fail and a release',
    shows: ['endedAreKept'],
    start: {
      capacity: { seat: 2 },
      holds: { A: ann('H') },
      actors: { confirm: confirms('A', { failures: 1 }), release: releases('A'), rebuild: rebuilds(2) },
      faults: { loseBuyers: 1 },
    },
  },
  {
    name: 'lost counts',
    about:
      "the key of the sale's counts is deleted twice under a confirm and a release, while one of two rebuilds is slow",
    shows: ['epochIsCompared'],
    start: {
      capacity: { seat: 2 },
      holds: { A: ann('H') },
      actors: { confirm: confirms('A'), release: releases('A'), rebuild1: rebuilds(1), rebuild2: rebuilds(1) },
      faults: { loseSale: 2 },
    },
  },
  {
    name: 'recovery across a loss',
    about: 'recovery is slow with an orphan, Redis loses everything, and the reserve is repeated under its key',
    shows: ['voidIsFenced'],
    start: {
      capacity: { seat: 2 },
      holds: { A: ann('C') },
      actors: { recovery: recovers('A'), repeat: buys('A'), rebuild: rebuilds(1) },
      faults: { flush: 1 },
      until: 2,
    },
  },
];

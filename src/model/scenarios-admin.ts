import { ann, bob, type TicketScenario } from './scenarios.ts';
import { buys, changes, confirms, rebuilds, reconciles, resyncs } from './tickets/start.ts';

/** Admins who change a sale, alone and while it is rebuilt. */
export const admin: readonly TicketScenario[] = [
  {
    name: 'resync and rebuild',
    about: 'a resync loses its row lock unseen, and the sale is lost and rebuilt while it counts',
    shows: ['resyncEpoch'],
    start: {
      capacity: { seat: 2 },
      holds: { A: ann('H') },
      actors: { confirm: confirms('A'), resync: resyncs(), rebuild: rebuilds(1) },
      faults: { loseHolds: 1, loseLock: 1 },
    },
  },
  {
    name: 'capacity',
    about: 'one admin adds a ticket, another takes one out of sale, and buyers come',
    shows: ['increaseMysqlFirst', 'decreaseRedisFirst', 'withdrawAvailable', 'rowLock', 'newestIsLocked'],
    start: {
      capacity: { seat: 1 },
      holds: { A: ann(), B: bob() },
      actors: {
        more: changes('increase'),
        fewer: changes('decrease'),
        reconcile: reconciles(),
        ann: buys('A'),
        bob: buys('B'),
      },
    },
  },
  {
    name: 'lost lock',
    about: 'an admin loses the row lock unseen before his change reaches Redis, and another pauses the sale',
    shows: ['versions'],
    start: {
      capacity: { seat: 1 },
      holds: { A: ann() },
      actors: { more: changes('increase'), pause: changes('pause'), ann: buys('A') },
      faults: { loseLock: 1 },
    },
  },
  {
    name: 'pause under a rebuild',
    about: 'an admin pauses the sale while it is rebuilt',
    shows: ['gateIsShut', 'installIsCurrent'],
    start: {
      capacity: { seat: 1 },
      holds: { A: ann() },
      actors: { pause: changes('pause'), ann: buys('A'), rebuild1: rebuilds(2), rebuild2: rebuilds(1) },
      faults: { restart: 1 },
    },
  },
  {
    name: 'decrease under a rebuild',
    about: 'an admin takes a ticket out of a sale that is alive and rebuilt, because an earlier rebuild has died',
    shows: ['installIsCurrent'],
    start: {
      capacity: { seat: 2 },
      holds: { A: ann() },
      actors: { fewer: changes('decrease'), ann: buys('A'), rebuild: rebuilds(2), reconcile: reconciles() },
      epoch: 2,
    },
  },
];

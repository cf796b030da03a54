import { capacityDeed, resyncDeed, switchDeed, updateDeed } from './deeds-admins.ts';
import { beginDeed, goOnDeed, lateCommitDeed } from './deeds-attempts.ts';
import { adminReleaseDeed, ownHoldsDeed, replayDeed, reserveDeed, tokenDeed } from './deeds-buyers.ts';
import { driftDeed, halfCapacityDeed, halfPauseDeed, loseDeed } from './deeds-faults.ts';
import { bucketDeed, workDeed } from './deeds-workers.ts';
import type { Operation } from './operations.ts';
import type { Deed, Run } from './run-state.ts';

/** What an operation is in this run; null when what it names is not there, and for those that are no single call. */
export function deedOf(run: Run, it: Operation): Deed | null {
  switch (it.kind) {
    case 'reserve':
      return reserveDeed(run, it);
    case 'replay':
      return replayDeed(run, it);
    case 'confirm':
    case 'release':
      return tokenDeed(run, it);
    case 'admin release':
      return adminReleaseDeed(run, it);
    case 'own holds':
      return ownHoldsDeed(run, it);
    case 'bucket':
      return bucketDeed(run, it);
    case 'switch':
      return switchDeed(run, it);
    case 'capacity':
      return capacityDeed(run, it);
    case 'update':
      return updateDeed(run, it);
    case 'resync':
      return resyncDeed(run, it);
    case 'attempt begins':
      return beginDeed(run, it);
    case 'attempt commits':
    case 'attempt finishes':
    case 'attempt aborts':
      return goOnDeed(run, it);
    case 'late commit':
      return lateCommitDeed(run, it);
    case 'drift':
      return driftDeed(run, it);
    case 'half a pause':
      return halfPauseDeed(run, it);
    case 'half a decrease':
    case 'half an increase':
      return halfCapacityDeed(run, it);
    case 'lose': {
      const first = deedOf(run, it.first);
      return first && loseDeed(run, it, first);
    }
    case 'wait':
    case 'wait until':
    case 'in turn':
    case 'crowd':
    case 'together':
      return null;
    default:
      return workDeed(run, it);
  }
}

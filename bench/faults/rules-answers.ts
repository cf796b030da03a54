import type { Evidence } from './check.ts';
import { isAfterLoss, isGranted, type Kind, type Request } from './history.ts';
import type { Violation } from './truth.ts';

/** What each call may be told under faults; anything else, such as 404 or 500, is a fault of the engine's. */
const allowed: Record<Kind, readonly string[]> = {
  reserve: ['limit_reached', 'sold_out', 'all_held', 'sale_paused', 'hold_expired', 'hold_released'],
  confirm: ['hold_expired', 'hold_released'],
  release: ['already_confirmed', 'confirm_in_progress', 'hold_expired'],
  issue: ['already_issued', 'coupons_exhausted'],
  pause: [],
  resume: [],
  capacity: ['capacity_in_use'],
  resync: ['resync_conflict'],
};

/** Only a hold that Redis has lost may be refused at the till for want of tickets, or for the limit. */
const allowedAfterLoss: readonly string[] = ['sold_out', 'limit_reached'];

/** No answer but those that a fault may bring about. */
export function answerRules({ history, losses }: Pick<Evidence, 'history' | 'losses'>): Violation[] {
  const isFine = (request: Request) => {
    const { kind, status, word } = request;
    if (status === null || isGranted(request) || word === 'unavailable' || allowed[kind].includes(word)) return true;
    return kind === 'confirm' && allowedAfterLoss.includes(word) && isAfterLoss(request, losses);
  };
  return history
    .filter((request) => !isFine(request))
    .map(({ kind, status, word, holdId, buyerId, subject }) => ({
      rule: 'no answer but those that a fault may bring about',
      text: `${kind} was answered ${status} ${word}`,
      about: { subject, buyerId, ...(holdId !== null && { holdId }) },
    }));
}

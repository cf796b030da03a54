import type { CreateCampaignOutcome, IssueCouponOutcome } from '../domain/coupon.ts';
import type { OwnHoldOutcome, ReleaseOutcome, ReserveOutcome } from '../domain/hold.ts';
import type { ConfirmOutcome } from '../domain/order.ts';
import type {
  CapacityOutcome,
  CreateSaleOutcome,
  ResyncOutcome,
  SwitchSaleOutcome,
  UpdateSaleOutcome,
} from '../domain/sale.ts';
import type { Answer, Problem } from './answer.ts';
import { isoTime } from './time.ts';

/** Everything that an engine call may return instead of throwing. */
export type Outcome =
  | ReserveOutcome
  | ConfirmOutcome
  | ReleaseOutcome
  | OwnHoldOutcome
  | CreateSaleOutcome
  | UpdateSaleOutcome
  | SwitchSaleOutcome
  | CapacityOutcome
  | ResyncOutcome
  | CreateCampaignOutcome
  | IssueCouponOutcome;

/**
 * The one place where an outcome gets its HTTP status. A word means the same in every call, so one flat table is enough;
 * a word that the engine learns and this table does not is an error of compilation.
 */
export const outcomeStatuses = {
  held: 201,
  confirmed: 201,
  released: 200,
  found: 200,
  created: 201,
  updated: 200,
  switched: 200,
  changed: 200,
  resynced: 200,
  issued: 201,

  sale_not_found: 404,
  sale_not_open: 409,
  sale_closed: 409,
  sale_paused: 409,
  sale_exists: 409,
  ticket_type_not_found: 404,
  limit_reached: 409,
  sold_out: 409,
  all_held: 409,
  idempotency_mismatch: 422,
  invalid_token: 422,
  not_your_hold: 403,
  hold_not_found: 404,
  hold_expired: 410,
  hold_released: 410,
  already_confirmed: 409,
  confirm_in_progress: 409,
  invalid_window: 422,
  capacity_in_use: 409,
  capacity_too_large: 422,
  resync_conflict: 409,
  campaign_exists: 409,
  campaign_not_found: 404,
  campaign_not_open: 409,
  campaign_closed: 409,
  already_issued: 409,
  coupons_exhausted: 409,
} as const satisfies Record<Outcome['status'], number>;

type Word = keyof typeof outcomeStatuses;
type StatusesOf = typeof outcomeStatuses;
/** The words that are a success. */
export type SuccessWord = { [W in Word]: StatusesOf[W] extends 200 | 201 ? W : never }[Word];
/** The words that are a refusal; each is the `code` of its problem. `invalid_window` is told as `invalid_request`. */
export type RefusalWord = Exclude<Word, SuccessWord | 'invalid_window'>;
/** An outcome that refuses. */
export type Refusal = Extract<Outcome, { status: RefusalWord }>;

/** A success in JSON; a replay of something created answers 200 with the same body. */
export function succeed(word: SuccessWord, json: unknown, replayed = false): Answer<never> {
  if (replayed) return { status: 200, json, headers: { 'Idempotent-Replayed': 'true' } };
  return { status: outcomeStatuses[word], json };
}

/** A refusal as a problem, with the members that the contract names for it. */
export function refuse<R extends Refusal>(outcome: R): Problem<R['status']> {
  const members = membersOf(outcome);
  if ('retryAfterMs' in outcome) return { problem: outcome.status, members, retryAfterMs: outcome.retryAfterMs };
  return { problem: outcome.status, members };
}

function membersOf(outcome: Refusal): Record<string, unknown> | undefined {
  switch (outcome.status) {
    case 'sale_not_open':
    case 'campaign_not_open':
      return { opensAt: isoTime(outcome.opensAtMs) };
    case 'limit_reached':
      return { scope: outcome.scope, limit: outcome.limit, held: outcome.held, bought: outcome.bought };
    case 'ticket_type_not_found':
    case 'sold_out':
    case 'all_held':
      return { lines: outcome.ticketTypeIds.map((ticketTypeId) => ({ ticketTypeId })) };
    case 'already_confirmed':
      return { orderId: outcome.orderId };
    case 'already_issued': {
      const { couponId, campaignId, issuedAtMs } = outcome.coupon;
      return { couponId, campaignId, issuedAt: isoTime(issuedAtMs) };
    }
    case 'capacity_in_use':
      return { available: outcome.available };
    case 'capacity_too_large':
      return { capacityMax: outcome.capacityMax };
    default:
      return undefined;
  }
}

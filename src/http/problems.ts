import type { RequestErrorCode } from '../domain/errors.ts';
import type { Problem } from './answer.ts';
import { outcomeStatuses, type RefusalWord } from './outcomes.ts';

/** Every stable `code` that an answer may carry (RFC 9457 problem details). */
export type ProblemCode =
  | RefusalWord
  | RequestErrorCode
  | 'order_not_found'
  | 'rate_limited'
  | 'unavailable'
  | 'internal_error';

/** The statuses of the problems that are no outcome of the engine. */
const edgeStatuses = {
  invalid_request: 400,
  invalid_json: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  order_not_found: 404,
  method_not_allowed: 405,
  payload_too_large: 413,
  unsupported_media_type: 415,
  rate_limited: 429,
  internal_error: 500,
  unavailable: 503,
} as const satisfies Record<Exclude<ProblemCode, RefusalWord>, number>;

const statuses: Record<ProblemCode, number> = { ...outcomeStatuses, ...edgeStatuses };

type Description = { title: string; detail: string; members?: Record<string, unknown>; retries?: true };

const ga = [{ ticketTypeId: 'ga' }];
const opensAt = '2030-06-01T10:00:00.000Z';

/** What each problem says, and the members that it adds, by example. `retries`: it carries Retry-After. */
export const problems = {
  sale_not_found: { title: 'Sale not found', detail: 'There is no sale with this id.' },
  sale_not_open: { title: 'Sale not open yet', detail: 'The sale opens later.', members: { opensAt } },
  sale_closed: { title: 'Sale closed', detail: 'The sale is over.' },
  sale_paused: { title: 'Sale paused', detail: 'The sale is paused; try again later.' },
  sale_exists: { title: 'Sale exists', detail: 'There is a sale with this id already.' },
  ticket_type_not_found: {
    title: 'Ticket type not found',
    detail: 'The sale has no such ticket type.',
    members: { lines: ga },
  },
  limit_reached: {
    title: 'Limit reached',
    detail: 'This would be more tickets than one order or one buyer may have.',
    members: { scope: 'buyer', limit: 4, held: 2, bought: 2 },
  },
  sold_out: {
    title: 'Sold out',
    detail: 'There are not enough tickets left, and unpaid holds would not be enough either.',
    members: { lines: ga },
  },
  all_held: {
    title: 'All held',
    detail: 'The tickets left are held by others; unpaid holds may come back.',
    members: { lines: ga },
    retries: true,
  },
  idempotency_mismatch: {
    title: 'Idempotency-Key used before',
    detail: 'The same Idempotency-Key came with another request before.',
  },
  invalid_token: { title: 'Invalid hold token', detail: 'The token is not a receipt that this service signed.' },
  not_your_hold: { title: 'Not your hold', detail: 'The hold belongs to another buyer.' },
  hold_not_found: { title: 'Hold not found', detail: 'There is no hold with this id.' },
  hold_expired: { title: 'Hold expired', detail: 'The time of the hold is over and its tickets went back.' },
  hold_released: { title: 'Hold released', detail: 'The hold was given back.' },
  already_confirmed: {
    title: 'Already confirmed',
    detail: 'The hold is an order already.',
    members: { orderId: 'Zx8Qk2mVtYb1' },
  },
  confirm_in_progress: {
    title: 'Confirm in progress',
    detail: 'A confirm of this hold is under way.',
    retries: true,
  },
  capacity_in_use: {
    title: 'Capacity in use',
    detail: 'Fewer tickets than asked for are available; those held or sold cannot be taken away.',
    members: { available: 3 },
  },
  capacity_too_large: {
    title: 'Capacity too large',
    detail: 'A ticket type cannot have that many tickets.',
    members: { capacityMax: 10_000_000 },
  },
  resync_conflict: { title: 'Resync conflict', detail: 'Orders came in between too often; repeat the resync.' },
  campaign_exists: { title: 'Campaign exists', detail: 'There is a coupon campaign with this id already.' },
  campaign_not_found: { title: 'Campaign not found', detail: 'There is no coupon campaign with this id.' },
  campaign_not_open: { title: 'Campaign not open yet', detail: 'The campaign opens later.', members: { opensAt } },
  campaign_closed: { title: 'Campaign closed', detail: 'The campaign is over.' },
  already_issued: {
    title: 'Coupon already issued',
    detail: 'You have a coupon of this campaign.',
    members: { couponId: 'cpn_4fKd81', campaignId: 'summer', issuedAt: opensAt },
  },
  coupons_exhausted: { title: 'Coupons exhausted', detail: 'Every coupon of this campaign is taken.' },
  invalid_request: {
    title: 'Invalid request',
    detail: 'Some fields are not as they must be.',
    members: { errors: [{ field: 'lines[0].quantity', message: 'must be a number' }] },
  },
  invalid_json: { title: 'Invalid JSON', detail: 'The body is not JSON.' },
  unauthorized: { title: 'Unauthorized', detail: 'A valid bearer token is needed.' },
  forbidden: { title: 'Forbidden', detail: 'The token does not have the scope that this call needs.' },
  not_found: { title: 'Not found', detail: 'There is nothing at this path.' },
  order_not_found: { title: 'Order not found', detail: 'You have no order with this id.' },
  method_not_allowed: { title: 'Method not allowed', detail: 'This path does not take this method.' },
  payload_too_large: { title: 'Payload too large', detail: 'The body is larger than this service reads.' },
  unsupported_media_type: { title: 'Unsupported media type', detail: 'The body must be application/json in UTF-8.' },
  rate_limited: { title: 'Too many requests', detail: 'Slow down and try again later.', retries: true },
  internal_error: { title: 'Internal error', detail: 'Something went wrong on our side.' },
  unavailable: { title: 'Unavailable', detail: 'Try again shortly; repeating is safe.', retries: true },
} as const satisfies Record<ProblemCode, Description>;

/** The status that a problem has unless its answer states another. */
export function statusOfProblem(code: ProblemCode): number {
  return statuses[code];
}

/** Hot refusals answer from text that was serialised once, at start. */
const heads = mapProblems((code, { title }) =>
  JSON.stringify({ type: `urn:onsale:problem:${code}`, title, code }).slice(0, -1),
);
const tails = mapProblems((code, { detail }) => `,"status":${statuses[code]},"detail":${JSON.stringify(detail)}`);

/** The JSON text of a problem; `instance` is the request's id, which by its pattern needs no escaping. */
export function problemText(problem: Problem, requestId: string): string {
  const { problem: code, detail, status, members } = problem;
  const tail =
    detail === undefined && status === undefined
      ? tails[code]
      : `,"status":${status ?? statuses[code]},"detail":${JSON.stringify(detail ?? problems[code].detail)}`;
  const more = members === undefined ? '' : JSON.stringify(members).slice(1, -1);
  return `${heads[code]}${tail}${more === '' ? '' : `,${more}`},"instance":"${requestId}"}`;
}

/** The example of a problem for the documentation. */
export function exampleOfProblem(code: ProblemCode): Record<string, unknown> {
  const description: Description = problems[code];
  return JSON.parse(problemText({ problem: code, members: description.members }, 'req-1'));
}

function mapProblems(make: (code: ProblemCode, description: Description) => string): Record<ProblemCode, string> {
  const entries = Object.entries(problems).map(([code, text]) => [code, make(code as ProblemCode, text)]);
  return Object.fromEntries(entries);
}

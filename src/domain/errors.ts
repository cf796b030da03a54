/** The caller's fault that no outcome names; translated to a 4xx and never retried. `code` is the stable problem code. */
export class RequestError extends Error {
  constructor(
    readonly code: RequestErrorCode,
    message: string,
    readonly details: Record<string, unknown> = {},
  ) {
    super(message);
    this.name = 'RequestError';
  }
}

/** The error for a cursor that we did not write. */
export function malformedCursor(): RequestError {
  const errors = [{ field: 'cursor', message: 'is malformed' }];
  return new RequestError('invalid_request', 'The cursor is malformed.', { errors });
}

export type RequestErrorCode =
  | 'invalid_request'
  | 'invalid_json'
  | 'invalid_token'
  | 'unauthorized'
  | 'forbidden'
  | 'not_found'
  | 'method_not_allowed'
  | 'unsupported_media_type'
  | 'payload_too_large'
  | 'idempotency_mismatch';

/**
 * A store or a step could not be reached in time; translated to 503 with Retry-After, safe to retry.
 * Whether the work was done is unknown unless the thrower documents otherwise; `cause` is kept.
 */
export class UnavailableError extends Error {
  readonly retryAfterMs: number;

  constructor(message: string, options: { cause?: unknown; retryAfterMs?: number } = {}) {
    super(message, { cause: options.cause });
    this.name = 'UnavailableError';
    this.retryAfterMs = options.retryAfterMs ?? 1000;
  }
}

/** Redis has forgotten a sale or may have: never "sold out", always 503 until it is rebuilt from MySQL. Nothing was done. */
export class SaleLostError extends UnavailableError {
  constructor(readonly saleId: string) {
    super(`sale ${saleId} is being rebuilt`);
    this.name = 'SaleLostError';
  }
}

/** A bug: state that the rules make impossible. Translated to 500 and logged with `state`; a job never retries it. */
export class InvariantError extends Error {
  constructor(
    message: string,
    readonly state: Record<string, unknown> = {},
  ) {
    super(message);
    this.name = 'InvariantError';
  }
}

/** Throws InvariantError unless `condition` holds. */
export function assert(condition: unknown, message: string, state: Record<string, unknown> = {}): asserts condition {
  if (!condition) throw new InvariantError(message, state);
}

/** Redis has forgotten a coupon campaign or may have: never "exhausted", always 503 until it is rebuilt. Nothing was done. */
export class CampaignLostError extends UnavailableError {
  constructor(readonly campaignId: string) {
    super(`coupon campaign ${campaignId} is being rebuilt`);
    this.name = 'CampaignLostError';
  }
}

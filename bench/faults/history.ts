/** Tickets of one type. */
export type Line = { ticketTypeId: string; quantity: number };

/** What was asked for. */
export type Kind = 'reserve' | 'confirm' | 'release' | 'issue' | 'pause' | 'resume' | 'capacity' | 'resync';

/**
 * One request as its client saw it. Times are those of one clock, `performance.now()`, so that "before" between two requests
 * means that the first was answered before the second was sent.
 */
export type Request = {
  kind: Kind;
  /** The sale or the campaign. */
  subject: string;
  buyerId: string;
  server: string;
  startMs: number;
  endMs: number;
  /** Null when no answer came. */
  status: number | null;
  /** What was granted in a word, the code of the problem, or why there was no answer. */
  word: string;
  /** The Idempotency-Key. */
  key: string | null;
  holdId: string | null;
  /** The deadline that the token promises. */
  expiresAt: string | null;
  lines: Line[] | null;
  totalMinor: number | null;
  orderId: string | null;
  couponId: string | null;
  ticketTypeId: string | null;
  delta: number | null;
};

/** Whether it is open what became of it. */
export function isUnknown({ status }: Pick<Request, 'status'>): boolean {
  return status === null || status >= 500;
}

/** Whether it was granted. */
export function isGranted({ status }: Pick<Request, 'status'>): boolean {
  return status === 200 || status === 201;
}

/** A loss at `atMs`, in which Redis may have forgotten what it had acknowledged between the two other moments. */
export type Loss = { fromMs: number; atMs: number; untilMs: number };

/** Whether a loss can have had a part in the answer. */
export function isAfterLoss({ endMs }: Pick<Request, 'endMs'>, losses: readonly Loss[]): boolean {
  return losses.some((loss) => endMs >= loss.atMs);
}

/** Whether what a request did may have been forgotten. */
export function mayBeForgotten(
  { startMs, endMs }: Pick<Request, 'startMs' | 'endMs'>,
  losses: readonly Loss[],
): boolean {
  return losses.some((loss) => endMs >= loss.fromMs && startMs <= loss.untilMs);
}

/** One line of a history, for people. */
export function requestText(request: Request, originMs: number): string {
  const { kind, subject, buyerId, status, word } = request;
  const at = (ms: number) => ((ms - originMs) / 1000).toFixed(3);
  const lines = request.lines?.map((line) => `${line.quantity} ${line.ticketTypeId}`).join(' + ');
  const details = [
    request.key && `key ${request.key}`,
    lines,
    request.holdId && `hold ${request.holdId}`,
    request.expiresAt && `until ${request.expiresAt}`,
    request.orderId && `order ${request.orderId}`,
    request.couponId && `coupon ${request.couponId}`,
    request.delta && `${request.ticketTypeId} ${request.delta}`,
  ].filter(Boolean);
  const answer = status === null ? word : `${status} ${word}`;
  return `${at(request.startMs)}–${at(request.endMs)} s  ${request.server}  ${kind} ${subject} by ${buyerId}: ${answer}  (${details.join(', ')})`;
}

import { type ProblemCode, problemText, statusOfProblem } from './problems.ts';

/** A problem to be told; the status, title and text come from the table of problems unless stated here. */
export type Problem<Code extends ProblemCode = ProblemCode> = {
  problem: Code;
  detail?: string | undefined;
  status?: number | undefined;
  members?: Record<string, unknown> | undefined;
  retryAfterMs?: number | undefined;
  headers?: Record<string, string> | undefined;
};

/** What a handler hands back: JSON, ready bytes of another type, or a problem out of those that its route declares. */
export type Answer<Code extends ProblemCode = ProblemCode> =
  | { status: number; json: unknown; headers?: Record<string, string> | undefined }
  | {
      status: number;
      content: string | Uint8Array<ArrayBuffer>;
      type: string;
      headers?: Record<string, string> | undefined;
    }
  | Problem<Code>;

/** The status that an answer will carry. */
export function statusOf(answer: Answer): number {
  return 'problem' in answer ? (answer.status ?? statusOfProblem(answer.problem)) : answer.status;
}

/**
 * Builds the one Response of a request. The headers are one plain object, because that is what the Node adapter
 * can write without building a Headers first.
 */
export function respond(answer: Answer, requestId: string): Response {
  const headers: Record<string, string> = {
    'Content-Type': 'application/json',
    'X-Request-Id': requestId,
    'X-Content-Type-Options': 'nosniff',
    'Cache-Control': 'no-store',
  };
  if ('problem' in answer) {
    headers['Content-Type'] = 'application/problem+json';
    if (answer.retryAfterMs !== undefined) headers['Retry-After'] = retryAfter(answer.retryAfterMs);
    if (answer.headers) Object.assign(headers, answer.headers);
    return new Response(problemText(answer, requestId), { status: statusOf(answer), headers });
  }
  if ('content' in answer) {
    headers['Content-Type'] = answer.type;
    if (answer.headers) Object.assign(headers, answer.headers);
    return new Response(answer.content, { status: answer.status, headers });
  }
  if (answer.headers) Object.assign(headers, answer.headers);
  return new Response(JSON.stringify(answer.json), { status: answer.status, headers });
}

/** Whole seconds, never 0: a client told to come back "in 0 seconds" would hammer. */
function retryAfter(ms: number): string {
  return String(Math.max(1, Math.ceil(ms / 1000)));
}

/** One request of a load; `token` is the bearer's, `body` is JSON text. */
export type Request = { method: 'GET' | 'POST'; path: string; token?: string; body?: string };

/** What came of a closed loop. Whatever was under way when it ended is not counted, at most one request a connection. */
export type Fired = {
  answers: number;
  /** Those of the answers whose status is 400 or more. */
  refused: number;
  /** Lost connections and timeouts. */
  errors: number;
  seconds: number;
  p50Ms: number;
  p99Ms: number;
  /** It ended before its time because every request had been sent. */
  ranOut: boolean;
};

/** A closed loop: each request once, on so many connections, for at most so long. */
export type Plan = { baseUrl: string; requests: readonly Request[]; connections: number; seconds: number };

/** A request as it goes over the wire (RFC 9112), so that generators need not build it while the clock runs. */
export function requestText({ method, path, token, body }: Request, host: string): string {
  const lines = [`${method} ${path} HTTP/1.1`, `Host: ${host}`];
  if (token !== undefined) lines.push(`Authorization: Bearer ${token}`);
  if (body !== undefined) lines.push('Content-Type: application/json', `Content-Length: ${Buffer.byteLength(body)}`);
  return `${lines.join('\r\n')}\r\n\r\n${body ?? ''}`;
}

/** One ticket of the type `standard`. */
export function reserveRequest(saleId: string, token: string): Request {
  const body = JSON.stringify({ saleId, lines: [{ ticketTypeId: 'standard', quantity: 1 }] });
  return { method: 'POST', path: '/purchase/reserve', token, body };
}

/** `receipt` is the token of the hold. */
export function confirmRequest(receipt: string, token: string): Request {
  return { method: 'POST', path: '/purchase/confirm', token, body: JSON.stringify({ token: receipt }) };
}

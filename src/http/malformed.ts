import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { RequestError as MalformedRequest } from '@hono/node-server';
import { type Problem, respond } from './answer.ts';
import { problemText } from './problems.ts';
import { requestIdOf } from './request-id.ts';

/** All headers of a request together, and how many: what comes to us through proxies has some thirty. */
export const HEADER_BYTES_MAX = 16 * 1024;
const HEADERS_MAX = 100;

type Flaw = { status: number; reason: string; detail: string };

const malformed = { status: 400, reason: 'Bad Request', detail: 'The request is not valid HTTP.' };
const noHost = { ...malformed, detail: 'A request of HTTP/1.1 needs a Host (RFC 9112).' };
const tooManyHeaders = {
  status: 431,
  reason: 'Request Header Fields Too Large',
  detail: `There are more than ${HEADERS_MAX} headers.`,
};
const unknownExpectation = {
  status: 417,
  reason: 'Expectation Failed',
  detail: 'The only expectation that is met is 100-continue.',
};
const clientErrors: Record<string, Flaw> = {
  HPE_HEADER_OVERFLOW: { ...tooManyHeaders, detail: `The headers are larger than ${HEADER_BYTES_MAX} bytes.` },
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, reason: 'Request Timeout', detail: 'The request took too long to arrive.' },
};

/** What Node's parser refuses never becomes a request; it is answered as a problem all the same. */
export function answerClientError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const { reason, ...flaw } = clientErrors[error.code ?? ''] ?? malformed;
  const { headers, body } = problemOf(flaw);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  socket.end([`HTTP/1.1 ${flaw.status} ${reason}`, ...lines, '', body].join('\r\n'));
}

/** Answers a request that has too many headers, or no Host; false when there is nothing wrong with its head. */
export function refuseHead(request: IncomingMessage, response: ServerResponse): boolean {
  const flaw = flawOf(request);
  if (flaw) refuse(response, flaw);
  return flaw !== null;
}

/** Answers a request that expects what nobody promised (RFC 9110, 10.1.1). */
export function refuseExpectation(_request: IncomingMessage, response: ServerResponse): void {
  refuse(response, unknownExpectation);
}

/** Hosts and targets that make no URL are refused by the adapter, before there is a request that the app could answer. */
export function answerMalformed(error: unknown): Response {
  const problem: Problem =
    error instanceof MalformedRequest
      ? { problem: 'invalid_request', detail: malformed.detail }
      : { problem: 'internal_error' };
  return respond(problem, requestIdOf(undefined));
}

/** HTTP/1.0 needs no Host, and probes of load balancers send none. */
function flawOf({ rawHeaders, httpVersion, headers }: IncomingMessage): Flaw | null {
  // Names and values stand in one list.
  if (rawHeaders.length > 2 * HEADERS_MAX) return tooManyHeaders;
  return httpVersion === '1.1' && headers.host === undefined ? noHost : null;
}

/** The connection is closed, so that nothing has to be made of a body that nobody will read. */
function refuse(response: ServerResponse, { reason, ...flaw }: Flaw): void {
  const { headers, body } = problemOf(flaw);
  response.writeHead(flaw.status, reason, headers).end(body);
}

function problemOf(flaw: { status: number; detail: string }): { headers: Record<string, string>; body: string } {
  const requestId = requestIdOf(undefined);
  const body = problemText({ problem: 'invalid_request', ...flaw }, requestId);
  const headers = {
    Connection: 'close',
    'Content-Type': 'application/problem+json',
    'X-Request-Id': requestId,
    'Content-Length': String(Buffer.byteLength(body)),
  };
  return { headers, body };
}

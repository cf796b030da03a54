import { createServer, type Server } from 'node:http';
import { type AddressInfo, Server as NetServer, type Socket } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import type { Hono } from 'hono';
import { createGather } from './gather.ts';
import { answerClientError, answerMalformed, HEADER_BYTES_MAX, refuseExpectation, refuseHead } from './malformed.ts';

/** A client that sends its headers or its body drop by drop is cut off after these. */
const HEADERS_TIMEOUT_MS = 5000;
const REQUEST_TIMEOUT_MS = 10_000;
const CHECK_TIMEOUTS_EVERY_MS = 1000;
/** Longer than the usual 60 s of load balancers, so that it is never we who close under a request on its way. */
const KEEP_ALIVE_TIMEOUT_MS = 65_000;
/** Who takes nothing of an answer is cut off after this, or twice this at most. It is longer than an answer takes to be made. */
const STALLED_TIMEOUT_MS = 10_000;
/**
 * So many connections cost some 100 MB, and leave file descriptors for the stores: without a bound, whoever only connects could
 * keep us from reconnecting to Redis. Further ones are closed at once, so that a load balancer tries another process.
 */
const CONNECTIONS_MAX = 10_000;
/** A crowd connects in one instant; the system's own bound is lower on most machines. */
const BACKLOG_MAX = 4096;
const CLOSE_IDLE_EVERY_MS = 20;
/** At the end, so long an open connection may still bring a request that was on its way. */
const LAST_REQUESTS_MS = 500;
const GRACE_MS = 15_000;

export type Serving = { address: string; close(): Promise<void> };

/**
 * Listens and answers when it does. `close` lets requests under way finish, for at most `graceMs` (15 s when absent). More than
 * `connectionsMax` connections (10,000 when absent) are not taken.
 */
export async function serveHttp(
  app: Hono,
  options: { host: string; port: number; graceMs?: number; connectionsMax?: number },
): Promise<Serving> {
  // The name is for requests of HTTP/1.0 without a Host; nothing is made of it.
  const listener = getRequestListener(app.fetch, { hostname: 'localhost', errorHandler: answerMalformed });
  const gather = createGather();
  const server = createServer(
    {
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: CHECK_TIMEOUTS_EVERY_MS,
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
      maxHeaderSize: HEADER_BYTES_MAX,
      // Node's own refusal would be no problem (RFC 9457).
      requireHostHeader: false,
    },
    // The listener answers its own failures and never rejects.
    (request, response) => refuseHead(request, response) || gather(() => void listener(request, response)),
  );
  server.setTimeout(STALLED_TIMEOUT_MS);
  server.maxConnections = options.connectionsMax ?? CONNECTIONS_MAX;
  server.on('clientError', answerClientError);
  server.on('checkExpectation', refuseExpectation);
  const silent = trackSilent(server);
  await listen(server, options);
  return { address: addressOf(server), close: () => close(server, silent, options.graceMs ?? GRACE_MS) };
}

function listen(server: Server, { host, port }: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, backlog: BACKLOG_MAX }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function addressOf(server: Server): string {
  const { address, family, port } = server.address() as AddressInfo;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

/** Connections that sent no whole request yet. Node does not count them as idle, so closing has to know them itself. */
function trackSilent(server: Server): Set<Socket> {
  const silent = new Set<Socket>();
  server.on('connection', (socket) => {
    silent.add(socket);
    socket.once('close', () => silent.delete(socket));
  });
  server.on('request', (request) => silent.delete(request.socket));
  return silent;
}

/**
 * Stops accepting at once. To close a connection that looks idle would lose the request that is on its way to us, so for a
 * moment each is answered with `Connection: close` instead, and only who stays silent is closed. An answer that was begun
 * before leaves its connection idle, hence the repeated closing. What is still busy after the grace is cut.
 */
function close(server: Server, silent: ReadonlySet<Socket>, graceMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let idle: NodeJS.Timeout | undefined;
    const closeIdle = () => {
      for (const socket of silent) socket.destroy();
      server.closeIdleConnections();
      idle = setInterval(() => server.closeIdleConnections(), CLOSE_IDLE_EVERY_MS);
    };
    const last = setTimeout(closeIdle, Math.min(LAST_REQUESTS_MS, graceMs));
    const cut = setTimeout(() => server.closeAllConnections(), graceMs);
    server.prependListener('request', (_request, response) => {
      response.shouldKeepAlive = false;
    });
    // The close of an HTTP server would close idle connections at once; that of its base only stops listening.
    NetServer.prototype.close.call(server, (error) => {
      clearTimeout(last);
      clearInterval(idle);
      clearTimeout(cut);
      if (error) reject(error);
      else resolve();
    });
  });
}

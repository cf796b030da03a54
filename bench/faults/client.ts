import { Agent, request } from 'node:http';
import { signToken } from '../../scripts/sign-token.ts';
import type { EngineProcess } from './processes.ts';

/** An answer, or why there is none: `refused` means that nothing was sent. */
export type Answer =
  | { status: number; body: Record<string, unknown>; reason: null; server: string }
  | { status: null; body: null; reason: 'refused' | 'reset' | 'timeout' | 'unreadable'; server: string };

export type Ask = {
  method: 'GET' | 'POST';
  path: string;
  caller: string;
  scope?: 'admin';
  body?: unknown;
  key?: string | null;
  /** Which server is asked first. */
  server: number;
};

export type Client = {
  /** Asks one server, or the other when nobody listens there, as a load balancer does. Never repeats what was sent. */
  ask(input: Ask): Promise<Answer>;
  close(): void;
};

/** Longer than any deadline of the engine's: only a server that hangs lets a client wait so long. */
const timeoutMs = 3500;
const tokenTtlSeconds = 6 * 3600;

/** Opens a client of both servers, with tokens of its own making. */
export function openClient(servers: readonly EngineProcess[], secret: string): Client {
  const agent = new Agent({ keepAlive: true, maxSockets: 300 });
  const tokens = new Map<string, string>();
  const tokenOf = (caller: string, scope?: string) => {
    const name = `${scope} ${caller}`;
    const token = tokens.get(name) ?? signToken({ secret, sub: caller, scope, ttlSeconds: tokenTtlSeconds });
    tokens.set(name, token);
    return token;
  };
  return {
    async ask(input) {
      for (let tries = 0; ; tries += 1) {
        const server = servers[(input.server + tries) % servers.length] as EngineProcess;
        const answer = await send(agent, server, input, tokenOf(input.caller, input.scope));
        if (answer.reason !== 'refused' || tries === servers.length - 1) return answer;
      }
    },
    close: () => agent.destroy(),
  };
}

function send(agent: Agent, server: EngineProcess, input: Ask, token: string): Promise<Answer> {
  const body = input.body === undefined ? null : JSON.stringify(input.body);
  return new Promise((resolve) => {
    const failed = (reason: 'refused' | 'reset' | 'timeout' | 'unreadable') => {
      resolve({ status: null, body: null, reason, server: server.name });
    };
    const sent = request(`${server.baseUrl}${input.path}`, {
      agent,
      method: input.method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body !== null && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
        ...(input.key && { 'idempotency-key': input.key }),
      },
    });
    const timer = setTimeout(() => {
      failed('timeout');
      sent.destroy();
    }, timeoutMs);
    sent.on('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      failed(error.code === 'ECONNREFUSED' ? 'refused' : 'reset');
    });
    sent.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', () => failed('reset'));
      response.on('close', () => {
        clearTimeout(timer);
        if (!response.complete) return failed('reset');
        const read = parse(Buffer.concat(chunks).toString());
        if (read === null) return failed('unreadable');
        resolve({ status: response.statusCode ?? 0, body: read, reason: null, server: server.name });
      });
    });
    sent.end(body ?? undefined);
  });
}

function parse(text: string): Record<string, unknown> | null {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return null;
  }
}

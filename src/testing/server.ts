import { signToken } from '../../scripts/sign-token.ts';
import type { RunningServer } from '../server.ts';

/** A JSON client of a running server, as `sub`; counts nothing, repeats nothing. */
export function clientOf(server: Pick<RunningServer, 'address'>, secret: string, sub: string, scope?: string) {
  const token = signToken({ secret, sub, ttlSeconds: 3600, ...(scope !== undefined && { scope }) });
  return async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const startedAt = performance.now();
    const response = await fetch(`${server.address}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(10_000),
    });
    const json = (await response.json()) as Record<string, unknown>;
    return { status: response.status, headers: response.headers, body: json, ms: performance.now() - startedAt };
  };
}

/** Asks again until `isDone`, and throws after `withinMs`. */
export async function eventually<T>(
  ask: () => Promise<T>,
  isDone: (answer: T) => boolean,
  withinMs = 10_000,
): Promise<T> {
  const until = performance.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (isDone(answer)) return answer;
    if (performance.now() > until) throw new Error(`not within ${withinMs} ms: ${JSON.stringify(answer)}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

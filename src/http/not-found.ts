import type { Context } from 'hono';
import { type Answer, respond, statusOf } from './answer.ts';
import type { Observe } from './metrics.ts';
import { requestIdOf } from './request-id.ts';
import type { Route } from './route.ts';

/** The parts of the page are named relative to it. So is the way there: a proxy may have taken a prefix off the path. */
const toPage: Answer = { status: 308, content: '', type: 'text/plain', headers: { Location: '../docs' } };

/**
 * Answers what no route took: 405 with Allow where the path is known, 308 for the page with a slash too many, else 404. It looks the path up itself, so that the
 * routes keep one handler each and methods that nobody thought of are answered too.
 */
export function notFoundHandler(routes: readonly Route[], observe: Observe): (c: Context) => Response {
  const allowed = new Map<string, Set<string>>();
  for (const { path, method } of routes) {
    const methods = allowed.get(path) ?? new Set();
    methods.add(method);
    if (method === 'GET') methods.add('HEAD');
    allowed.set(path, methods);
  }
  const known = [...allowed].map(([path, methods]) => ({
    path,
    pattern: new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/:[A-Za-z]+/g, '[^/]+')}$`),
    allow: [...methods].sort().join(', '),
  }));

  return (c) => {
    const match = known.find(({ pattern }) => pattern.test(c.req.path));
    const answer: Answer = match
      ? { problem: 'method_not_allowed', headers: { Allow: match.allow } }
      : c.req.path === '/docs/'
        ? toPage
        : { problem: 'not_found' };
    observe(c.req.method, match?.path ?? 'none')(statusOf(answer), 0);
    return respond(answer, requestIdOf(c.req.header('x-request-id')));
  };
}

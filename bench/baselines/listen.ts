import { createServer, type RequestListener, type Server } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import type { Hono } from 'hono';

/** Serves on loopback until SIGTERM. A baseline has no orderly end: what is on its way is lost, and nothing waits for it. */
export function listen(app: Hono, serverOf: (listener: RequestListener) => Server = createServer): void {
  app.get('/readyz', (c) => c.json({ status: 'ok' }));
  app.onError((error, c) => {
    console.error(error);
    return c.json({ code: 'internal_error' }, 500);
  });
  const listener = getRequestListener(app.fetch);
  serverOf((request, response) => void listener(request, response)).listen({
    host: '127.0.0.1',
    port: Number(process.env['PORT']),
  });
  process.on('SIGTERM', () => process.exit(0));
}

/** A setting that the suite gives. */
export function setting(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set`);
  return value;
}

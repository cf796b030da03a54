import { Hono } from 'hono';

/** Sends a JSON body back, and decides nothing. */
export function echoApp(): Hono {
  const app = new Hono();
  app.post('*', async (c) => {
    // The burst knows an answer by the id of its request.
    const id = c.req.header('x-request-id');
    if (id !== undefined) c.header('x-request-id', id);
    return c.json(await c.req.json(), 201);
  });
  app.get('*', (c) => c.json({ ok: true }));
  return app;
}

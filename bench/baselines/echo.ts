// The ceiling: what do Hono and its Node server do when nothing at all is decided? No authentication, validation or store.
import { Hono } from 'hono';
import { listen } from './listen.ts';

const app = new Hono();
app.post('*', async (c) => {
  // The burst knows an answer by the id of its request.
  const id = c.req.header('x-request-id');
  if (id !== undefined) c.header('x-request-id', id);
  return c.json(await c.req.json(), 201);
});
app.get('*', (c) => c.json({ ok: true }));
listen(app);

// A reserve as one EVALSHA per request, without coalescing. Left out: sales with windows, replays, the decision log, recovery from loss.
import { Hono } from 'hono';
import { listen } from './listen.ts';
import { reserveByScript } from './place.ts';

const app = new Hono();
reserveByScript(app, async () => undefined);
listen(app);

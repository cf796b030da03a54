// The ceiling: what do Hono and its Node server do when nothing at all is decided? No authentication, validation or store.
import { echoApp } from './echo-app.ts';
import { listen } from './listen.ts';

listen(echoApp());

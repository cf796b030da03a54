// The ceiling of a server that, as the engine does, answers the requests of one turn side by side. No authentication, validation or store.
import { createServer } from 'node:http';
import { createGather } from '../../src/http/gather.ts';
import { echoApp } from './echo-app.ts';
import { listen } from './listen.ts';

const gather = createGather();
listen(echoApp(), (listener) => createServer((request, response) => gather(() => listener(request, response))));

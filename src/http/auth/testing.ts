import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Plays the identity provider: serves these keys while `run` goes on, and counts how often it was asked. */
export async function withProvider(
  keys: readonly object[],
  run: (url: string, asked: () => number) => Promise<void>,
): Promise<void> {
  let count = 0;
  const server = createServer((_request, response) => {
    count += 1;
    response.setHeader('Content-Type', 'application/json').end(JSON.stringify({ keys }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  try {
    await run(`http://127.0.0.1:${port}/jwks`, () => count);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

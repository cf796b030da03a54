import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Who has asked, in the order in which they came. */
export type Seen = { baseUrl: string; seen: string[] };

/** Runs a server that answers every fifth request alike, three of five with a refusal, and notes the credentials. */
export async function withServer(work: (input: Seen) => Promise<void>): Promise<void> {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    seen.push(String(request.headers.authorization));
    const status = [201, 202, 400, 409, 503][seen.length % 5] ?? 500;
    request.resume().on('end', () => response.writeHead(status, { 'Content-Length': 2 }).end('{}'));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await work({ baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen });
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

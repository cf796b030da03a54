import { createServer } from 'node:http';
import type { Registry } from 'prom-client';

/** Serves the metrics alone, on a port that need not be reachable from outside. Rejects when the port is taken. */
export async function serveMetrics(
  registry: Registry,
  at: { host: string; port: number },
): Promise<{ close(): Promise<void> }> {
  const server = createServer((_, response) => {
    registry.metrics().then(
      (text) => response.setHeader('content-type', registry.contentType).end(text),
      () => response.writeHead(500).end(),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(at.port, at.host, resolve);
  });
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

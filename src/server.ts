import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from './config.ts';
import { createApp, type HttpOptions } from './http/app.ts';
import { serveHttp } from './http/serve.ts';
import { runIfMain } from './main-process.ts';
import { openParts, type Parts } from './parts.ts';
import { serveMetrics } from './serve-metrics.ts';

export type RunningServer = { address: string; close(): Promise<void> };

/**
 * Serves HTTP. `close` first fails readiness, then stops accepting, finishes the requests under way, and closes the engine
 * when it was opened here. Rejects when a store does not answer in time or the port is taken.
 */
export async function startServer(config: Config, shared?: Parts): Promise<RunningServer> {
  const parts = shared ?? (await openParts(config));
  const closers: (() => Promise<void>)[] = shared ? [] : [() => parts.engine.close()];
  const closeAll = async () => {
    for (const close of closers.splice(0).reverse()) await close();
  };
  const { host, port, drainDelayMs, shutdownGraceMs } = config.http;
  let draining = false;

  try {
    const isReady = () => ({ ready: !draining, reasons: draining ? ['this process is stopping'] : [] });
    const app = createApp(parts.engine, httpOptions(config, parts, isReady));
    if (config.metrics.port !== null) {
      const metrics = await serveMetrics(parts.registry, { host, port: config.metrics.port });
      closers.push(() => metrics.close());
    }
    const serving = await serveHttp(app, { host, port, graceMs: shutdownGraceMs });
    closers.push(async () => {
      draining = true;
      await sleep(drainDelayMs);
      await serving.close();
    });
    parts.log.info({ address: serving.address }, 'listening');
    return { address: serving.address, close: closeAll };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

/** Production shows its metrics on a port of their own or to a token, and otherwise not at all. */
function httpOptions(config: Config, { log, registry }: Parts, isReady: HttpOptions['isReady']): HttpOptions {
  const { port, token } = config.metrics;
  const serve = port === null && (token !== null || config.environment !== 'production');
  return { ...config.http, auth: config.auth, metrics: { registry, token, serve }, log, isReady };
}

await runIfMain(import.meta.filename, startServer);

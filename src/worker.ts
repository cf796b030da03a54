import type { Config } from './config.ts';
import { startJobs } from './jobs/start.ts';
import { runIfMain } from './main-process.ts';
import { openParts, type Parts } from './parts.ts';
import { serveMetrics } from './serve-metrics.ts';

/**
 * Runs the jobs and timers; alone in its process, it serves its metrics where they have a port. `close` ends the jobs under
 * way, and the engine when it was opened here.
 */
export async function startWorker(config: Config, shared?: Parts): Promise<{ close(): Promise<void> }> {
  const parts = shared ?? (await openParts(config));
  const closers: (() => Promise<void>)[] = shared ? [] : [() => parts.engine.close()];
  const closeAll = async () => {
    for (const close of closers.splice(0).reverse()) await close();
  };
  const { port } = config.metrics;
  try {
    if (!shared && port !== null) {
      const metrics = await serveMetrics(parts.registry, { host: config.http.host, port });
      closers.push(() => metrics.close());
    }
    const jobs = await startJobs(parts.engine, { ...parts, config });
    closers.push(() => jobs.close());
    parts.log.info('working');
    return { close: closeAll };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

await runIfMain(import.meta.filename, startWorker);

import type { Config } from './config.ts';
import { startJobs } from './jobs/start.ts';
import { runIfMain } from './main-process.ts';
import { openParts, type Parts } from './parts.ts';

/** Runs the jobs and timers. `close` ends the jobs under way, and the engine when it was opened here. */
export async function startWorker(config: Config, shared?: Parts): Promise<{ close(): Promise<void> }> {
  const parts = shared ?? (await openParts(config));
  const closeOwn = shared ? async () => undefined : () => parts.engine.close();
  try {
    const jobs = await startJobs(parts.engine, { ...parts, config });
    parts.log.info('working');
    return {
      close: async () => {
        await jobs.close();
        await closeOwn();
      },
    };
  } catch (error) {
    await closeOwn();
    throw error;
  }
}

await runIfMain(import.meta.filename, startWorker);

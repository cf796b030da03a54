import { realpathSync } from 'node:fs';
import { type Config, loadConfig } from './config.ts';

const hardLimitMs = 30_000;

/**
 * Turns a module into a program when Node was asked to run it: configuration from the environment, an orderly end at
 * SIGTERM and SIGINT within 30 s, exit code 1 for whatever prevents the start. Does nothing when the module is imported.
 */
export async function runIfMain(
  file: string,
  start: (config: Config) => Promise<{ close(): Promise<void> }>,
): Promise<void> {
  if (!process.argv[1] || realpathSync(process.argv[1]) !== realpathSync(file)) return;
  try {
    const running = await start(loadConfig());
    onStopSignal(() => running.close());
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  }
}

/** Closes once, however often and by whichever signal we are asked, and exits with 0; with 1 when it cannot be done. */
export function onStopSignal(close: () => Promise<void>): void {
  let stopping = false;
  const stop = () => {
    if (stopping) return;
    stopping = true;
    setTimeout(() => fail(new Error(`not stopped within ${hardLimitMs / 1000} s`)), hardLimitMs).unref();
    close().then(() => process.exit(0), fail);
  };
  const fail = (error: unknown) => {
    console.error(error);
    process.exit(1);
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

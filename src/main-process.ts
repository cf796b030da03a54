import { realpathSync } from 'node:fs';
import { type Config, loadConfig } from './config.ts';

/** For what is closed after the last request: orders on their way to MySQL, and the connections. */
const closeConnectionsMs = 5000;

/** How long an orderly end may take in all before the process exits without it, in milliseconds. */
export function stopLimitMs({ http }: Pick<Config, 'http'>): number {
  return http.drainDelayMs + http.shutdownGraceMs + closeConnectionsMs;
}

/**
 * Turns a module into a program when Node was asked to run it: configuration from the environment, an orderly end at
 * SIGTERM and SIGINT within `stopLimitMs`, exit code 1 for whatever prevents the start. Does nothing when the module is imported.
 */
export async function runIfMain(
  file: string,
  start: (config: Config) => Promise<{ close(): Promise<void> }>,
): Promise<void> {
  if (!process.argv[1] || realpathSync(process.argv[1]) !== realpathSync(file)) return;
  try {
    const config = loadConfig();
    const running = await start(config);
    onStopSignal(() => running.close(), stopLimitMs(config));
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  }
}

/** Closes once, however often and by whichever signal we are asked, and exits with 0; with 1 when it cannot be done in time. */
export function onStopSignal(close: () => Promise<void>, limitMs: number): void {
  let stopping = false;
  const stop = () => {
    if (stopping) return;
    stopping = true;
    setTimeout(() => fail(new Error(`not stopped within ${limitMs / 1000} s`)), limitMs).unref();
    close().then(() => process.exit(0), fail);
  };
  const fail = (error: unknown) => {
    console.error(error);
    process.exit(1);
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

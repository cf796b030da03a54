import { say } from '../say.ts';
import { type Close, closeAll, closeOne } from './close-all.ts';

const repeatIgnoredMs = 1000;

/**
 * Collects what has to be closed and closes it in reverse order at the first SIGINT or SIGTERM, then exits with 0. One
 * Ctrl-C may arrive twice (from the terminal and from npm): a repeat within a second is the same one, a later one exits
 * at once, and then the guardians end the stores.
 */
export function closeOnSignal(): {
  add(close: Close): void;
  isStopping(): boolean;
  close(exitCode: number): Promise<never>;
} {
  const closers: Close[] = [];
  let stoppingSinceMs: number | null = null;
  let stopping: Promise<never> | null = null;

  // Whoever asks while it is closing waits for the same end: to exit now would be to leave the rest open.
  const close = (exitCode: number): Promise<never> => {
    stoppingSinceMs ??= performance.now();
    stopping ??= closeAll(closers, exitCode);
    return stopping;
  };
  const onSignal = () => {
    if (stoppingSinceMs === null) {
      say('stopping: requests under way, workers, then the stores');
      void close(0);
    } else if (performance.now() - stoppingSinceMs > repeatIgnoredMs) {
      process.exit(130);
    }
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);

  return {
    // Something that came up while we were stopping goes down again at once.
    add: (it) => (stoppingSinceMs === null ? void closers.push(it) : void closeOne(it)),
    isStopping: () => stoppingSinceMs !== null,
    close,
  };
}

import { type Close, closeAll } from '../../scripts/start/close-all.ts';

export type Ending = {
  /** Aborted when somebody asks us to stop. */
  signal: AbortSignal;
  /** To be closed at the end, the last one first. */
  add(close: Close): void;
  /** Closes everything and exits; the first code counts, unless closing fails. */
  close(exitCode: number): Promise<never>;
};

const interruptedCode = 130;
/** One Ctrl-C may arrive twice, from the terminal and from npm. */
const repeatIgnoredMs = 1000;

/** Ends what a run has started, also at SIGINT and SIGTERM. A second signal exits at once; guardians then end the rest. */
export function endOnSignal(): Ending {
  const abort = new AbortController();
  const closers: Close[] = [];
  let closing: Promise<never> | null = null;
  let interruptedAtMs: number | null = null;

  const close = (exitCode: number) => {
    closing ??= closeAll(closers, exitCode);
    return closing;
  };
  const onSignal = () => {
    if (interruptedAtMs !== null && performance.now() - interruptedAtMs > repeatIgnoredMs)
      process.exit(interruptedCode);
    interruptedAtMs ??= performance.now();
    abort.abort(new Error('interrupted'));
    void close(interruptedCode);
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);

  return {
    signal: abort.signal,
    // Something that came up while we were stopping goes down again at once.
    add: (it) => (closing === null ? void closers.push(it) : void it()),
    close,
  };
}

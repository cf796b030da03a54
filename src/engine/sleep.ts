/** Resolves after `ms` milliseconds. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** A pause between 50 and 150 ms, so that competing processes do not meet again at once. */
export function jitter(): Promise<void> {
  return sleep(50 + Math.random() * 100);
}

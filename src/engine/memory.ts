import type { Config } from '../config.ts';

/** How long ended holds are remembered, with an Idempotency-Key and without, as scripts take it. */
export function memoryOf({ config }: { config: Config }): { keyedMemoryMs: number; memoryMs: number } {
  return { keyedMemoryMs: config.hold.keyedMemoryMs, memoryMs: config.hold.memoryMs };
}

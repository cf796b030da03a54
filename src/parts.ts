import { collectDefaultMetrics, Registry } from 'prom-client';
import type { Config } from './config.ts';
import { createEngine, type Engine } from './engine/engine.ts';
import { createLog, type Log } from './log.ts';
import { waitForStores } from './probe.ts';

/** What a server and a worker both need; one process that is both shares them. */
export type Parts = { log: Log; registry: Registry; engine: Engine };

/** Waits for the stores and opens the engine on them. Throws naming the store that did not answer in time or refused us. */
export async function openParts(config: Config): Promise<Parts> {
  const log = createLog(config);
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  await waitForStores(config);
  return { log, registry, engine: await createEngine(config, { log, registry }) };
}

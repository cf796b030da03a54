import { randomBytes } from 'node:crypto';
import { createConnection } from 'mysql2/promise';
import { Registry } from 'prom-client';
import type { Config } from '../config.ts';
import type { SaleAudit } from '../domain/drift.ts';
import type { Line } from '../domain/hold.ts';
import type { Sale } from '../domain/sale.ts';
import { createEngine, type Engine } from '../engine/engine.ts';
import { createLog } from '../log.ts';
import { migrateToLatest } from '../mysql/migrate.ts';
import { freshId, patience, stack, testConfig } from './stack.ts';
import { until } from './until.ts';

export type TestEngine = { engine: Engine; config: Config; databaseUrl: string; close(): Promise<void> };

/**
 * An engine with a database and a key prefix of its own, so that the timers of one test file never touch another's sales.
 * `env` overrides single variables; give another engine's `sharing` to open a second process's engine on the same stores.
 */
export async function openTestEngine(
  env: Record<string, string> = {},
  options: { sharing?: TestEngine; clock?: () => number } = {},
): Promise<TestEngine> {
  const databaseUrl = options.sharing?.databaseUrl ?? (await createDatabase());
  const config = testConfig({
    ...patience,
    REDIS_KEY_PREFIX: options.sharing?.config.redis.keyPrefix ?? `test-${randomBytes(6).toString('hex')}`,
    DATABASE_URL: databaseUrl,
    ...env,
  });
  const engine = await createEngine(config, { log: createLog(config), registry: new Registry(), clock: options.clock });
  return {
    engine: settling(engine),
    config,
    databaseUrl,
    async close() {
      await engine.close();
      if (!options.sharing) await dropDatabase(databaseUrl);
    },
  };
}

/** A confirm of it ends when Redis has heard of the order, too, for tests look at Redis by connections of their own. */
function settling(engine: Engine): Engine {
  return {
    ...engine,
    async confirm(input) {
      const outcome = await engine.confirm(input);
      // What is asked on the engine's connection is answered behind what it has sent before.
      if (outcome.status === 'confirmed') await engine.health();
      return outcome;
    },
  };
}

/** A migrated database of its own on the stack's server. */
export async function createDatabase(): Promise<string> {
  const url = new URL(stack.databaseUrl);
  const name = `onsale_${randomBytes(8).toString('hex')}`;
  await statement(stack.databaseUrl, `CREATE DATABASE ${name} CHARACTER SET utf8mb4`);
  url.pathname = `/${name}`;
  await migrateToLatest(url.href);
  return url.href;
}

async function dropDatabase(databaseUrl: string): Promise<void> {
  await statement(stack.databaseUrl, `DROP DATABASE ${new URL(databaseUrl).pathname.slice(1)}`);
}

async function statement(url: string, sql: string): Promise<void> {
  const connection = await createConnection(url);
  try {
    await connection.query(sql);
  } finally {
    await connection.end();
  }
}

const admin = { actorId: 'test-admin', requestId: 'test' };

/** Creates a sale that is open, with one ticket type `std` of `capacity` unless `sale` says otherwise. */
export async function openSale(
  engine: Engine,
  capacity: number,
  sale: Partial<Omit<Sale, 'paused' | 'closedAtMs' | 'createdAtMs'>> = {},
): Promise<string> {
  const saleId = freshId('sale');
  const outcome = await engine.sales.create({
    ...admin,
    sale: {
      saleId,
      title: 'A concert',
      currency: 'KRW',
      opensAtMs: Date.now() - 3_600_000,
      closesAtMs: null,
      holdTtlMs: 60_000,
      buyerTicketsMax: 4,
      orderTicketsMax: null,
      ticketTypes: [{ ticketTypeId: 'std', name: 'Standard', priceMinor: 5000, capacity }],
      ...sale,
    },
  });
  if (outcome.status !== 'created') throw new Error(`the sale was not created: ${outcome.status}`);
  return sale.saleId ?? saleId;
}

/** Reserves and insists on a hold. */
export async function hold(
  engine: Engine,
  input: { saleId: string; buyerId: string; lines?: Line[]; idempotencyKey?: string },
) {
  const outcome = await engine.reserve({ lines: [{ ticketTypeId: 'std', quantity: 1 }], ...input });
  if (outcome.status !== 'held') throw new Error(`not held: ${outcome.status}`);
  return outcome.hold;
}

/** The counts of the sale's only or first ticket type in both stores. */
export async function stockOf(engine: Engine, saleId: string) {
  const rows = await engine.sales.stock(saleId);
  const row = rows?.[0];
  if (!row) throw new Error('the sale has no stock');
  return row;
}

/** An audit on demand gives each of its parts a second, which may be too little: it is asked for until `isEnough`. */
export function auditOf(
  engine: Engine,
  saleId: string,
  isEnough = (audit: SaleAudit) => !audit.truncated,
): Promise<SaleAudit> {
  return until('an audit in full', async () => {
    const audit = await engine.sales.audit(saleId);
    return audit !== null && isEnough(audit) && audit;
  });
}

export { admin };

import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection, RowDataPacket } from 'mysql2/promise';

/** More rows than any confirm writes: of two transactions that wait for each other, the lighter one is the victim. */
const heavyRows = 2000;
/** What one insert takes: some extents of a megabyte, or about a page of 16 KiB. */
const bigBytes = 262_144;
const pageBytes = 7500;
const bigInsertsMax = 4000;
/** A table of up to 32 pages takes them one by one. */
const crumbTables = 6;
const crumbsMax = 60;
const lockTriesMax = 10;

/** How many deadlocks the server has seen so far. */
export async function countDeadlocks(session: Connection): Promise<number> {
  const [rows] = await session.query<RowDataPacket[]>(
    "SELECT COUNT AS count FROM information_schema.INNODB_METRICS WHERE NAME = 'lock_deadlocks'",
  );
  return Number(rows[0]?.['count'] ?? 0);
}

/**
 * Takes the hot rows of a sale, lets confirms run into them, and then asks for the rows that those have written: one of us has
 * to be rolled back, and this transaction is the heavier one.
 */
export async function provokeDeadlock(session: Connection, input: { saleId: string; waitMs: number }): Promise<void> {
  await session.query('CREATE TABLE IF NOT EXISTS sabotage.weights (number INT NOT NULL) ENGINE=InnoDB');
  await session.query('START TRANSACTION');
  const rows = Array.from({ length: heavyRows }, (_, number) => `(${number})`).join(',');
  await session.query(`INSERT INTO sabotage.weights VALUES ${rows}`);
  await session.query('SELECT id FROM ticket_types WHERE sale_id = ? FOR UPDATE', [input.saleId]);
  await sleep(input.waitMs);
  // The victim may be this session all the same: then nothing was done to the engine, and it is counted by the server anyhow.
  await session
    .query('SELECT hold_id FROM hold_outcomes WHERE sale_id = ? FOR UPDATE', [input.saleId])
    .catch(() => undefined);
  await session.query('ROLLBACK');
}

/** Locks the rows of these sales and their ticket types until the transaction ends, in the order in which the engine does. */
export async function lockSales(session: Connection, saleIds: readonly string[]): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await session.query('START TRANSACTION');
      for (const saleId of saleIds) {
        await session.query('SELECT id FROM sales WHERE id = ? FOR UPDATE', [saleId]);
        await session.query('SELECT id FROM ticket_types WHERE sale_id = ? FOR UPDATE', [saleId]);
      }
      return;
    } catch (error) {
      await session.query('ROLLBACK');
      // Somebody else was first, or we were the victim.
      if (tries === lockTriesMax) throw error;
    }
  }
}

/**
 * Takes what is free inside the table space, so that the next page that anybody needs would have to come from the full disk:
 * whole extents by one big table, and the single pages that small tables live on by many small ones.
 */
export async function eatPages(session: Connection, { whenFull }: { whenFull: () => void }): Promise<void> {
  const names = ['pages', ...Array.from({ length: crumbTables }, (_, index) => `crumbs_${index}`)];
  for (const name of names) {
    await session.query(`CREATE TABLE IF NOT EXISTS sabotage.${name} (bytes LONGBLOB) ENGINE=InnoDB`);
  }
  whenFull();
  await insertUntilRefused(session, 'pages', { bytes: bigBytes, insertsMax: bigInsertsMax });
  for (const name of names.slice(1))
    await insertUntilRefused(session, name, { bytes: pageBytes, insertsMax: crumbsMax });
}

async function insertUntilRefused(
  session: Connection,
  table: string,
  { bytes, insertsMax }: { bytes: number; insertsMax: number },
): Promise<void> {
  for (let inserts = 0; inserts < insertsMax; inserts += 1) {
    const isRefused = await session.query(`INSERT INTO sabotage.${table} VALUES (REPEAT('x', ?))`, [bytes]).then(
      () => false,
      () => true,
    );
    if (isRefused) return;
  }
}

/** Gives them back; there has to be room on the disk again. */
export async function giveBackPages(session: Connection): Promise<void> {
  await session.query('DROP DATABASE sabotage');
  await session.query('CREATE DATABASE sabotage');
}

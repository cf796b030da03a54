import { createConnection, type RowDataPacket } from 'mysql2/promise';
import * as assert from 'uvu/assert';
import { closeRedis, connectRedis, type Redis, waitForRedis } from '../redis/connection.ts';
import { unpackHold } from '../redis/hold-record.ts';
import type { TestEngine } from './engine.ts';
import { assertLawful, type Past } from './redis-state.ts';

/** A patient connection to the Redis of this engine, for looking into it and for harming it. */
export async function redisOf({ config }: Pick<TestEngine, 'config'>): Promise<Redis & { end(): void }> {
  const redis = connectRedis({ ...config.redis, commandTimeoutMs: 10_000, onError: () => undefined });
  await waitForRedis(redis, 10_000);
  return Object.assign(redis, { end: () => closeRedis(redis) });
}

type Told = { id: string; capacity: number; sold: number; epoch: number; ledger: number; ordered: number };

/** What every table of MySQL says of the sale, by ticket type, and what it decided about its holds. */
export async function mysqlOf({ databaseUrl }: Pick<TestEngine, 'databaseUrl'>, saleId: string) {
  const connection = await createConnection({ uri: databaseUrl, decimalNumbers: true });
  try {
    const [types] = await connection.query(
      `select t.id, t.capacity, t.sold, t.epoch,
         (select coalesce(sum(m.quantity), 0) from stock_movements m
           where m.sale_id = t.sale_id and m.ticket_type_id = t.id) as ledger,
         (select coalesce(sum(l.quantity), 0) from orders o join order_lines l on l.order_id = o.id
           where o.sale_id = t.sale_id and l.ticket_type_id = t.id) as ordered
       from ticket_types t where t.sale_id = ?`,
      [saleId],
    );
    const [holds] = await connection.query(
      `select d.hold_id as holdId, d.outcome, d.order_id as orderId, o.buyer_id as buyerId,
         (select count(*) from orders x where x.hold_id = d.hold_id) as orders
       from hold_outcomes d left join orders o on o.id = d.order_id where d.sale_id = ?`,
      [saleId],
    );
    return {
      types: types as Told[],
      holds: holds as { holdId: string; outcome: 'sold' | 'void'; orderId: string | null; orders: number }[],
    };
  } finally {
    await connection.end();
  }
}

/** Runs one statement in the engine's database. */
export async function inMysql(
  test: Pick<TestEngine, 'databaseUrl'>,
  sql: string,
  values: unknown[] = [],
): Promise<void> {
  const connection = await createConnection(test.databaseUrl);
  try {
    await connection.query(sql, values);
  } finally {
    await connection.end();
  }
}

/** Locks the stock of a sale in MySQL, so that no confirm can end there; `waiters` are those that have come as far as that. */
export async function lockStock({ databaseUrl }: Pick<TestEngine, 'databaseUrl'>, saleId: string) {
  const connection = await createConnection(databaseUrl);
  await connection.beginTransaction();
  await connection.query('SELECT sold FROM ticket_types WHERE sale_id = ? FOR UPDATE', [saleId]);
  return {
    async waiters(): Promise<number> {
      const [rows] = await connection.query<RowDataPacket[]>(
        'SELECT id FROM information_schema.processlist WHERE info LIKE ?',
        [`UPDATE ticket_types SET sold%${saleId}%`],
      );
      return rows.length;
    },
    async release(): Promise<void> {
      await connection.rollback();
      await connection.end();
    },
  };
}

/**
 * The promises at rest: every law within Redis; sold in Redis is sold, ordered and in the ledger of MySQL; never more than
 * the capacity; one epoch everywhere; exactly the sold holds have one order each; nothing that MySQL has decided is live.
 */
export async function assertAgreement(test: TestEngine, saleId: string, past: Past = {}): Promise<void> {
  const redis = await redisOf(test);
  try {
    const state = await assertLawful(redis, saleId, past);
    const { types, holds } = await mysqlOf(test, saleId);
    for (const { id, capacity, sold, epoch, ledger, ordered } of types) {
      const inRedis = (name: string) => Number(state.sale.get(`${name}:${id}`));
      assert.equal(
        [inRedis('capacity'), inRedis('sold')],
        [capacity, sold],
        `capacity and sold of ${id} in both stores`,
      );
      assert.equal([ordered, capacity - ledger], [sold, sold], `orders and ledger of ${id}`);
      assert.ok(sold <= capacity && inRedis('available') >= 0, `${id} is not oversold`);
      assert.is(state.sale.get('epoch'), String(epoch), 'the epoch in both stores');
    }
    for (const { holdId, outcome, orders } of holds) {
      const packed = state.holds.get(holdId);
      const status = packed === undefined ? 'unknown' : unpackHold(saleId, holdId, packed).status;
      assert.is(orders, outcome === 'sold' ? 1 : 0, `orders of a hold that is ${outcome}`);
      assert.ok(
        outcome === 'sold' ? status === 'sold' : status === 'expired',
        `${outcome} in MySQL, ${status} in Redis`,
      );
    }
    const sold = [...state.holds].filter(
      ([id, packed]) => id !== '#' && unpackHold(saleId, id, packed).status === 'sold',
    );
    assert.is(sold.length, holds.filter((hold) => hold.outcome === 'sold').length, 'sold holds in both stores');
  } finally {
    redis.end();
  }
}

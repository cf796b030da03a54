import type { AddressInfo } from 'node:net';
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { v7 as uuid } from 'uuid';
import { totalMinor } from '../domain/hold.ts';
import type { OrderDraft } from '../domain/order.ts';
import type { Sale } from '../domain/sale.ts';
import { isCommit, isLastAnswer, withoutCommit } from '../testing/mysql-wire.ts';
import { freshId, stack } from '../testing/stack.ts';
import { until } from '../testing/until.ts';
import { connectMysql, type Mysql, type MysqlOptions } from './connection.ts';
import { createOrderWriter, type OrderWriter, type OrderWriterOptions } from './order-writer.ts';
import { insertSale } from './sales.ts';
import type { Trx } from './tables.ts';
import { transact } from './transact.ts';

/** What the tests of this folder share: a connection, sales and drafts by fresh ids, and a bad network. */
export function testMysql(overrides: Partial<MysqlOptions> = {}): Mysql {
  const usual = { connectionsMax: 6, queryTimeoutMs: 5_000, connectTimeoutMs: 5_000, lockWaitSeconds: 1 };
  return connectMysql({ url: stack.databaseUrl, ...usual, ...overrides });
}

/** An order writer whose callers are patient for as long as a machine in a bad hour may take, unless they say otherwise. */
export function testWriter(mysql: Mysql, options: OrderWriterOptions): OrderWriter {
  const writer = createOrderWriter(mysql, options);
  return { ...writer, commit: (draft, deadlineMs = Date.now() + 20_000) => writer.commit(draft, deadlineMs) };
}

/** A sale that is not stored yet, with these capacities by ticket type id. */
export function aSale(capacities: Record<string, number> = { seat: 100 }, changes: Partial<Sale> = {}): Sale {
  return {
    saleId: freshId('sale'),
    title: 'A night at the opera',
    currency: 'EUR',
    opensAtMs: 1_000,
    closesAtMs: null,
    holdTtlMs: 300_000,
    buyerTicketsMax: 8,
    orderTicketsMax: null,
    paused: false,
    closedAtMs: null,
    // The first millisecond there is, so that its first epoch is 1.
    createdAtMs: 1,
    ticketTypes: Object.entries(capacities).map(([ticketTypeId, capacity]) => ({
      ...{ ticketTypeId, capacity, name: `Ticket ${ticketTypeId}`, priceMinor: 2_500 },
    })),
    ...changes,
  };
}

/** Stores a sale with these capacities and returns it. */
export async function storedSale(mysql: Mysql, capacities?: Record<string, number>): Promise<Sale> {
  const sale = aSale(capacities);
  await transact(mysql, {}, (trx) => insertSale(trx, sale));
  return sale;
}

/** A draft of epoch 1 for a new hold of a new buyer. */
export function aDraft(
  saleId: string,
  quantities: Record<string, number> = { seat: 1 },
  changes: Partial<OrderDraft> = {},
): OrderDraft {
  const lines = Object.entries(quantities).map(([ticketTypeId, quantity]) => ({
    ...{ ticketTypeId, quantity, priceMinor: 2_500 },
  }));
  const ids = { orderId: uuid(), holdId: freshId('hold'), buyerId: freshId('buyer') };
  return { ...ids, saleId, epoch: 1, lines, totalMinor: totalMinor(lines), currency: 'EUR', ...changes };
}

/** What is stored of a sale, counted in every table: all five must tell the same story. */
export async function countsOf(mysql: Mysql, saleId: string, ticketTypeId = 'seat') {
  const { rows } = await sql<{ sold: number; left: number; ledger: number; tickets: number; orders: number }>`
    select t.sold as sold, t.capacity - t.sold as \`left\`,
      (select coalesce(sum(quantity), 0) from stock_movements m
        where m.sale_id = t.sale_id and m.ticket_type_id = t.id) as ledger,
      (select coalesce(sum(l.quantity), 0) from orders o join order_lines l on l.order_id = o.id
        where o.sale_id = t.sale_id and l.ticket_type_id = t.id) as tickets,
      (select count(*) from orders o where o.sale_id = t.sale_id) as orders
    from ticket_types t where t.sale_id = ${saleId} and t.id = ${ticketTypeId}`.execute(mysql.db);
  const words = await mysql.db
    .selectFrom('hold_outcomes')
    .select(({ fn }) => ['outcome', fn.countAll<number>().as('count')])
    .where('sale_id', '=', saleId)
    .groupBy('outcome')
    .execute();
  const count = (word: 'sold' | 'void') => words.find((row) => row.outcome === word)?.count ?? 0;
  const row = rows[0] ?? { sold: 0, left: 0, ledger: 0, tickets: 0, orders: 0 };
  return { ...row, soldHolds: count('sold'), voidHolds: count('void') };
}

/** Does `work` in a transaction that is left open; resolves when it is done, to what ends the transaction. */
export async function leftOpen(
  mysql: Mysql,
  work: (trx: Trx) => Promise<unknown>,
): Promise<(how: 'commit' | 'rollback') => Promise<void>> {
  let end = (_how: 'commit' | 'rollback'): void => undefined;
  const ended = new Promise<string>((resolve) => {
    end = resolve;
  });
  let done = (): void => undefined;
  const isDone = new Promise<void>((resolve) => {
    done = resolve;
  });
  const undone = new Error('rolled back');
  const over = transact(mysql, {}, async (trx) => {
    await work(trx);
    done();
    if ((await ended) === 'rollback') throw undone;
  }).catch((error: unknown) => {
    if (error !== undone) throw error;
  });
  await Promise.race([isDone, over]);
  return async (how) => {
    end(how);
    await over;
  };
}

/** The ids of connections that run a statement like this (in LIKE's words) just now. */
export async function connectionsAt(mysql: Mysql, statement: string): Promise<number[]> {
  const { rows } = await sql<{ id: number }>`
    select id from information_schema.processlist
    where info like ${statement} and id <> connection_id()`.execute(mysql.db);
  return rows.map(({ id }) => id);
}

/** Resolves once a statement like this is under way: one that lasts so long waits for a lock. */
export async function underWay(mysql: Mysql, statement: string): Promise<void> {
  await until(`a statement like ${statement}`, async () => (await connectionsAt(mysql, statement)).length > 0);
}

/** Kills a connection; resolves once MySQL has let go of it. */
export async function killConnection(mysql: Mysql, id: number): Promise<void> {
  await sql.raw(`KILL CONNECTION ${id}`).execute(mysql.db);
  await until('the end of a connection', async () => {
    const { rows } = await sql`select 1 from information_schema.processlist where id = ${id}`.execute(mysql.db);
    return rows.length === 0;
  });
}

/**
 * What becomes of a COMMIT on the wire: `answer_lost` the server commits and we never hear of it, `request_lost` the
 * server never sees it, `late` the server sees it only after we have given up, `deadlock` a cluster refuses it by 1213,
 * `refused` it is answered by another error, which says nothing about it.
 */
export type CommitFault = 'none' | 'answer_lost' | 'request_lost' | 'late' | 'deadlock' | 'refused';

const errnos = { deadlock: 1213, refused: 1180 };

/** When what is late arrives: after a time, or once so many COMMITs were sent. */
export type Lateness = { ms: number } | { commits: number };

/** A TCP proxy before MySQL that harms the next COMMITs by the faults given, in turn; then it harms none, or by `always`. */
export async function badNetwork(faults: CommitFault[], always: CommitFault = 'none', late: Lateness = { ms: 600 }) {
  const target = new URL(stack.databaseUrl);
  const own = new URL(stack.databaseUrl);
  const sockets = new Set<Socket>();
  let commits = 0;
  let kept = 0;
  const keepAnswer = (upstream: Socket, andThen: () => void) => {
    upstream.on('data', (answers) => {
      if (!isLastAnswer(answers)) return;
      kept += 1;
      andThen();
    });
  };
  const later = async (chunk: Buffer, upstream: Socket) => {
    if ('ms' in late) await sleep(late.ms);
    else await until('the COMMITs that overtake a late one', () => commits >= late.commits);
    keepAnswer(upstream, () => undefined);
    upstream.write(chunk);
  };
  const server = createServer((client) => {
    const upstream = connect(Number(target.port || 3306), target.hostname);
    let deaf = false;
    const cut = (): void => {
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      // A client that has given up is no reason to keep its late COMMIT from the server.
      socket.on('error', () => (deaf ? undefined : cut()));
      socket.on('close', () => sockets.delete(socket));
    }
    client.on('data', (chunk) => {
      const harms = isCommit(chunk);
      if (harms) commits += 1;
      const fault = harms ? (faults.shift() ?? always) : 'none';
      deaf = fault !== 'none' && !(fault in errnos);
      if (fault === 'answer_lost') keepAnswer(upstream, cut);
      if (fault === 'request_lost') cut();
      else if (fault in errnos) upstream.write(withoutCommit(chunk, errnos[fault as keyof typeof errnos]));
      else if (fault === 'late') void later(chunk, upstream);
      else upstream.write(chunk);
    });
    upstream.on('data', (chunk) => {
      if (!deaf) client.write(chunk);
    });
    upstream.on('end', () => client.end());
    client.on('end', () => {
      if (!deaf) upstream.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  own.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: own.href,
    commits: () => commits,
    /** How many MySQL has answered without anybody hearing it: those that were late or whose answer was lost. */
    keptAnswers: () => kept,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

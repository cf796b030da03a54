import { randomBytes } from 'node:crypto';
import { signToken } from '../../scripts/sign-token.ts';
import type { PrivateServer } from '../../scripts/stores/private.ts';
import { startPrivateMysql, startPrivateRedis } from '../../scripts/stores.ts';
import { loadSearchPath } from '../../src/config.ts';
import { migrateToLatest } from '../../src/mysql/migrate.ts';
import { type Admin, createAdmin } from '../burst/admin.ts';
import type { Generator } from '../load/generator.ts';
import { type AdminCalls, createAdminCalls } from './admin-calls.ts';
import type { Options } from './options.ts';
import { type Program, startProgram } from './program.ts';

/** Where a whole run happens: the built code and the generator. */
export type Lab = { options: Options; folder: string; generator: Generator; env: NodeJS.ProcessEnv };

/** Somebody with credentials that are signed already. */
export type Buyer = { buyerId: string; token: string };

/** Where one case happens: stores, an engine of two processes and the echo, all started for it. */
export type Scene = Lab & {
  redis: PrivateServer;
  mysql: PrivateServer;
  engine: Program & { worker: Program; admin: Admin; calls: AdminCalls };
  echo: Program;
  secret: string;
  /** Starts one of the baselines by the name of its file. */
  startBaseline(name: string): Promise<Program>;
  /** Buyers that nobody has seen yet, with ids of 36 characters as identity providers give them. */
  newBuyers(count: number): Buyer[];
  /** A sale of one ticket type, `standard`, that is open. */
  openSale(input: { tickets: number; holdTtlSeconds?: number }): Promise<string>;
  close(): Promise<void>;
};

const tokenTtlSeconds = 3 * 3600;
const holdTtlSeconds = 2 * 3600;
/** Of one ticket type, in one call. */
const capacityMax = 1_000_000;

/** Starts everything that a case needs, with the persistence of production. `close` ends all of it. */
export async function openScene(lab: Lab): Promise<Scene> {
  const closers: (() => Promise<void>)[] = [];
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    return await open(lab, closers, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function open(lab: Lab, closers: (() => Promise<void>)[], close: () => Promise<void>): Promise<Scene> {
  const [redis, mysql] = await Promise.all([startPrivateRedis(), startPrivateMysql({ binlog: lab.options.binlog })]);
  closers.push(
    () => redis.stop(),
    () => mysql.stop(),
  );
  await migrateToLatest(mysql.url);

  const secret = randomBytes(32).toString('base64url');
  const metricsToken = randomBytes(32).toString('base64url');
  const env = {
    ...{ PATH: loadSearchPath(lab.env), LOG_LEVEL: 'warn', HOST: '127.0.0.1', METRICS_TOKEN: metricsToken },
    ...{ REDIS_URL: redis.url, DATABASE_URL: mysql.url, AUTH_JWT_SECRET: secret, HOLD_TOKEN_SECRET: secret },
  };
  const start = async (file: string, serves = true) => {
    const program = await startProgram({ folder: lab.folder, file, env, serves });
    closers.push(program.end);
    return program;
  };
  const [worker, server, echo] = await Promise.all([
    start('src/worker.js', false),
    start('src/server.js'),
    start('bench/baselines/echo.js'),
  ]);
  const token = signToken({ secret, sub: 'bench-admin', scope: 'admin', ttlSeconds: tokenTtlSeconds });
  const admin = createAdmin(server.baseUrl, token);
  const calls = createAdminCalls({ baseUrl: server.baseUrl, token, metricsToken });
  const newBuyers = buyerMaker(secret);
  let sales = 0;
  return {
    ...lab,
    ...{ redis, mysql, echo, secret, newBuyers, close },
    engine: { ...server, worker, admin, calls },
    startBaseline: (name) => start(`bench/baselines/${name}.js`),
    async openSale({ tickets, ...more }) {
      sales += 1;
      const saleId = `bench-${sales}`;
      const first = Math.min(tickets, capacityMax);
      await admin.createSale({ saleId, ticketTypeId: 'standard', tickets: first, holdTtlSeconds, ...more });
      for (let left = tickets - first; left > 0; left -= capacityMax) {
        await calls.addTickets(saleId, Math.min(left, capacityMax));
      }
      return saleId;
    },
  };
}

function buyerMaker(secret: string): Scene['newBuyers'] {
  let buyers = 0;
  const newBuyer = () => {
    buyers += 1;
    const buyerId = `auth0|${String(buyers).padStart(30, '0')}`;
    return { buyerId, token: signToken({ secret, sub: buyerId, ttlSeconds: tokenTtlSeconds }) };
  };
  return (count) => Array.from({ length: count }, newBuyer);
}

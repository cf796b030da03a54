import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from 'mysql2/promise';
import { type Fault, type Harm, over, type PlannedFault } from './fault.ts';
import type { Market } from './market.ts';
import type { Random } from './random.ts';
import { countDeadlocks, eatPages, giveBackPages, lockSales, provokeDeadlock } from './saboteur.ts';
import type { Stack } from './stack.ts';

type Act = { text: string; inflict(stack: Stack, market: Market): Promise<Harm> };

function mysqlFault(name: string, what: string, draw: (random: Random) => Act): Fault {
  return {
    name,
    what,
    mayLose: false,
    plan(random): PlannedFault {
      const { text, inflict } = draw(random);
      return { text: `${name}, ${text}`, parts: ['mysql'], inflict };
    },
  };
}

/** Lends a session with every right and ends it afterwards. */
async function asOwner<T>(stack: Stack, work: (session: Connection) => Promise<T>): Promise<T> {
  const session = await stack.openMysql();
  // Without a listener, a session that dies while it is idle would end this process.
  session.on('error', () => undefined);
  try {
    return await work(session);
  } finally {
    session.destroy();
  }
}

const killMysql = mysqlFault('kill-mysql', 'kill -9 of MySQL, and a new start', (random) => {
  const awayMs = random.whole(0, 1200);
  return {
    text: `away ${awayMs} ms`,
    async inflict({ mysql }) {
      await mysql.server.kill9();
      await sleep(awayMs);
      await mysql.server.restart();
      return over(1);
    },
  };
});

const stopMysql = mysqlFault('stop-mysql', 'SIGSTOP of MySQL for up to three seconds', (random) => {
  const frozenMs = random.whole(800, 3000);
  return {
    text: `${frozenMs} ms`,
    async inflict({ mysql }) {
      mysql.server.signal('SIGSTOP');
      try {
        await sleep(frozenMs);
      } finally {
        mysql.server.signal('SIGCONT');
      }
      return over(1);
    },
  };
});

const readOnly = mysqlFault('mysql-read-only', 'MySQL refuses to write for a while', (random) => {
  const refusedMs = random.whole(500, 2500);
  return {
    text: `${refusedMs} ms`,
    inflict: (stack) =>
      asOwner(stack, async (session) => {
        await session.query('SET GLOBAL read_only = ON');
        try {
          await sleep(refusedMs);
        } finally {
          await session.query('SET GLOBAL read_only = OFF');
        }
        return over(1);
      }),
  };
});

const fullDisk = mysqlFault('mysql-full-disk', 'the disk of MySQL is full for a while', (random) => {
  const fullMs = random.whole(1000, 2500);
  return {
    text: `${fullMs} ms`,
    inflict: (stack) =>
      asOwner(stack, async (session) => {
        const { disk } = stack.mysql;
        if (!disk.isSmall) return over(0);
        try {
          await eatPages(session, { whenFull: () => disk.fill() });
          await sleep(fullMs);
        } finally {
          disk.free();
          await giveBackPages(session);
        }
        return over(1);
      }),
  };
});

const deadlock = mysqlFault('mysql-deadlock', 'confirms are the victims of deadlocks', (random) => {
  const times = random.whole(3, 10);
  return {
    text: `${times} times`,
    inflict: (stack, market) =>
      asOwner(stack, async (session) => {
        const before = await countDeadlocks(session);
        for (let time = 0; time < times; time += 1) {
          const { saleId } = time % 3 === 2 ? market.scarce : market.plenty;
          await provokeDeadlock(session, { saleId, waitMs: random.whole(20, 120) });
          await sleep(50);
        }
        return over((await countDeadlocks(session)) - before);
      }),
  };
});

const lockTimeout = mysqlFault(
  'mysql-lock-timeout',
  'the rows of a sale are locked for longer than is waited',
  (random) => {
    const lockedMs = random.whole(1100, 2400);
    return {
      text: `${lockedMs} ms`,
      inflict: (stack, market) =>
        asOwner(stack, async (session) => {
          await lockSales(session, [market.plenty.saleId, market.scarce.saleId]);
          await sleep(lockedMs);
          await session.query('ROLLBACK');
          return over(1);
        }),
    };
  },
);

/** Faults of MySQL. */
export const mysqlFaults: readonly Fault[] = [killMysql, stopMysql, readOnly, fullDisk, deadlock, lockTimeout];

import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { type Comparison, signatureOf } from '../domain/drift.ts';
import { closeMysql, connectMysql } from '../mysql/connection.ts';
import { redisOf } from '../testing/agreement.ts';
import { openSale, openTestEngine } from '../testing/engine.ts';
import { suite } from '../testing/suite.ts';
import { lookClosely } from './auditor-look.ts';

const test = suite('one look of the auditor', { timeoutMs: 60_000 });
const main = await openTestEngine();
const { engine, config } = main;
const redis = await redisOf(main);
const mysql = connectMysql(config.mysql);
test.after(async () => {
  redis.end();
  await closeMysql(mysql);
  await main.close();
});

const TURNS_MIN = 15;
const LOOKS_MIN = 6;

test('a single look at a sale in full motion is exact: no count of it differs, not even for a moment', async () => {
  const saleId = await openSale(engine, 100_000, { holdTtlMs: 300, buyerTicketsMax: 4 });
  const state = { isOver: false };
  const looks: Comparison[] = [];
  // Where a look takes long, a confirm has mostly finished meanwhile: the sale goes on until enough looks could compare all.
  const inMotion = () =>
    looks.filter(({ soldCompared, ticketTypes }) => soldCompared && (ticketTypes[0]?.redis.held ?? 0) > 0);
  const looker = async () => {
    while (!state.isOver) {
      const look = await lookClosely({ config, redis, mysql }, saleId, { locked: false });
      if (look) looks.push(look);
    }
  };
  const sweeper = async () => {
    while (!state.isOver) {
      await engine.work.sweepSale(saleId);
      await sleep(2);
    }
  };
  const buyer = async (n: number) => {
    for (let turn = 0; turn < TURNS_MIN || inMotion().length < LOOKS_MIN; turn++) {
      const buyerId = `b${n}-${turn}`;
      const placed = await engine.reserve({ saleId, buyerId, lines: [{ ticketTypeId: 'std', quantity: 1 + (n % 3) }] });
      if (placed.status !== 'held' || n % 5 === 0) continue;
      const { token } = placed.hold;
      if (n % 5 === 1) await engine.release({ buyerId, token });
      else await engine.confirm({ buyerId, token });
      await sleep(n % 7);
    }
  };

  const sale = Promise.all(Array.from({ length: 60 }, (_, n) => buyer(n))).finally(() => {
    state.isOver = true;
  });
  await Promise.all([sale, looker(), looker(), looker(), sweeper()]);

  assert.equal(
    looks.map(signatureOf).filter((signature) => signature !== ''),
    [],
  );
});

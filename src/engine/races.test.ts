import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import type { ConfirmOutcome } from '../domain/order.ts';
import { assertAgreement, lockStock, mysqlOf } from '../testing/agreement.ts';
import { hold, openSale, openTestEngine, stockOf } from '../testing/engine.ts';
import { suite } from '../testing/suite.ts';
import { until } from '../testing/until.ts';

const test = suite('races for one hold');
const leaseMs = 50;
const env = { HOLD_LEASE_MS: String(leaseMs) };
// A test moves it over the deadlines of its holds, in step with what it does: where the machine stands still, it does too.
const time = { nowMs: Date.now() };
const clock = () => time.nowMs;
const main = await openTestEngine(env, { clock });
const other = await openTestEngine(env, { sharing: main, clock });
test.after(async () => {
  await other.close();
  await main.close();
});

/** Calls `work` again and again, as impatient workers would; `stop` waits for the last call. */
function again(work: () => Promise<unknown>): { stop(): Promise<void> } {
  let stopped = false;
  const loop = async () => {
    while (!stopped) {
      await work();
      await sleep(1);
    }
  };
  const running = loop();
  return {
    stop: () => {
      stopped = true;
      return running;
    },
  };
}

test('five hundred confirms on their deadlines, with sweeps: each hold has one order or is expired, never both', async () => {
  const saleId = await openSale(main.engine, 500, { holdTtlMs: 600, buyerTicketsMax: 1 });
  const holds = await Promise.all(
    Array.from({ length: 500 }, (_, n) => hold(main.engine, { saleId, buyerId: `b${n}` })),
  );
  const sweeper = again(() => other.engine.work.sweepSale(saleId));
  const recovery = again(() => other.engine.work.recoverSale(saleId));

  const inTime = 360;
  const confirming: Promise<ConfirmOutcome>[] = [];
  for (const [n, { token, expiresAtMs }] of holds.entries()) {
    const sinceDeadlineMs = Math.floor((n - inTime) / 6);
    // At the deadline the leases are over as well: recovery decides against everyone to whom MySQL has not sold by then.
    time.nowMs = expiresAtMs + sinceDeadlineMs + (n < inTime ? 0 : leaseMs);
    const { engine } = n % 2 === 0 ? main : other;
    confirming.push(engine.confirm({ buyerId: `b${n}`, token }));
    // Whatever MySQL is kept from afterwards, the first have bought by then.
    if (n === 5) await Promise.all(confirming);
    if (n % 6 === 5) await sleep(1);
  }
  const outcomes = await Promise.all(confirming);
  await until('nothing is held', async () => (await stockOf(main.engine, saleId)).held === 0);
  await Promise.all([sweeper.stop(), recovery.stop()]);

  const decided = new Map((await mysqlOf(main, saleId)).holds.map((row) => [row.holdId, row]));
  for (const [n, outcome] of outcomes.entries()) {
    const known = decided.get(holds[n]?.holdId ?? '');
    if (outcome.status === 'confirmed') assert.is(known?.orderId, outcome.order.orderId);
    else assert.equal([outcome.status, known?.outcome === 'sold'], ['hold_expired', false]);
  }
  const confirmed = outcomes.filter((outcome) => outcome.status === 'confirmed').length;
  assert.ok(confirmed > 0 && confirmed <= inTime, `${confirmed} were sold, and ${inTime} came before the deadline`);
  const stock = await stockOf(main.engine, saleId);
  assert.equal([stock.available, stock.sold, stock.soldInMysql], [500 - confirmed, confirmed, confirmed]);
  await assertAgreement(main, saleId);
});

test('a confirm that began in time is sold, though deadline, sweep and recovery pass while MySQL makes it wait', async () => {
  const saleId = await openSale(main.engine, 1);
  const { token, holdId, expiresAtMs } = await hold(main.engine, { saleId, buyerId: 'alice' });
  const lock = await lockStock(main, saleId);

  const confirming = main.engine.confirm({ buyerId: 'alice', token });
  await until('MySQL is at it', async () => (await lock.waiters()) === 1);
  time.nowMs = expiresAtMs + leaseMs;
  await other.engine.work.sweepSale(saleId);
  const recovering = other.engine.work.recoverSale(saleId);
  const meanwhile = await stockOf(main.engine, saleId);
  const release = await other.engine.release({ buyerId: 'alice', token });
  await lock.release();

  const outcome = await confirming;
  await recovering;
  assert.equal([meanwhile.available, meanwhile.held], [0, 1]);
  assert.is(release.status, 'confirm_in_progress');
  assert.is(outcome.status, 'confirmed');
  assert.equal(
    (await mysqlOf(main, saleId)).holds.map((row) => [row.holdId, row.outcome]),
    [[holdId, 'sold']],
  );
  await assertAgreement(main, saleId);
});

test('confirm and release of one hold two hundred times: never are both told success', async () => {
  const saleId = await openSale(main.engine, 200, { buyerTicketsMax: 1 });
  const holds = await Promise.all(
    Array.from({ length: 200 }, (_, n) => hold(main.engine, { saleId, buyerId: `b${n}` })),
  );
  const seen = { confirmed: 0, released: 0 };

  for (const [n, { token }] of holds.entries()) {
    const buyerId = `b${n}`;
    const releaseLater = async () => {
      for (let turns = 0; turns < n % 4; turns++) await turn();
      return (n % 8 < 4 ? main : other).engine.release({ buyerId, token });
    };
    const [confirm, release] = await Promise.all([main.engine.confirm({ buyerId, token }), releaseLater()]);

    if (confirm.status === 'confirmed') {
      seen.confirmed += 1;
      assert.ok(['confirm_in_progress', 'already_confirmed'].includes(release.status), release.status);
    } else {
      seen.released += 1;
      assert.equal([confirm.status, release.status], ['hold_released', 'released']);
    }
  }

  assert.ok(seen.confirmed > 0 && seen.released > 0, `both have won: ${JSON.stringify(seen)}`);
  assert.is((await stockOf(main.engine, saleId)).sold, seen.confirmed);
  await assertAgreement(main, saleId);
});

test('two processes that confirm one hold at once give one order, and only one of them says that it is new', async () => {
  const saleId = await openSale(main.engine, 40, { buyerTicketsMax: 1 });
  const holds = await Promise.all(
    Array.from({ length: 40 }, (_, n) => hold(main.engine, { saleId, buyerId: `b${n}` })),
  );

  const pairs = await Promise.all(
    holds.map(({ token }, n) =>
      Promise.all([main, other].map(({ engine }) => engine.confirm({ buyerId: `b${n}`, token }))),
    ),
  );

  for (const outcomes of pairs) {
    const orders = outcomes.map((outcome) => (outcome.status === 'confirmed' ? outcome.order.orderId : outcome.status));
    assert.is(new Set(orders).size, 1, orders.join(' and '));
    assert.is(outcomes.filter((outcome) => outcome.status === 'confirmed' && !outcome.replayed).length, 1);
  }
  assert.is((await stockOf(main.engine, saleId)).soldInMysql, 40);
  await assertAgreement(main, saleId);
});

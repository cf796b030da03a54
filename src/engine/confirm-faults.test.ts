import * as assert from 'uvu/assert';
import { UnavailableError } from '../domain/errors.ts';
import { assertAgreement, lockStock, mysqlOf, redisOf } from '../testing/agreement.ts';
import { hold, openSale, openTestEngine, stockOf } from '../testing/engine.ts';
import { isCommit } from '../testing/mysql-wire.ts';
import { type BadNetwork, once, openProxy } from '../testing/proxy.ts';
import { holdOf } from '../testing/redis-state.ts';
import { suite } from '../testing/suite.ts';
import { failureOf, until } from '../testing/until.ts';

const test = suite('a confirm while MySQL fails');
const env = {
  HOLD_GRACE_MS: '1500',
  HOLD_GRACE_MAX_MS: '2500',
  HOLD_LEASE_MS: '200',
};
// It stands still until a test moves it: no promise is over before that.
const time = { nowMs: Date.now() };
const clock = () => time.nowMs;
const main = await openTestEngine(env, { clock });
const redis = await redisOf(main);
const proxies: [BadNetwork, BadNetwork] = [await openProxy(main.databaseUrl), await openProxy(main.databaseUrl)];
const [proxy, farProxy] = proxies;
// It gives a confirm up while a test waits for that; the other one does not.
const near = await openTestEngine(
  { ...env, DATABASE_URL: proxy.url, CONFIRM_DEADLINE_MS: '3000' },
  { sharing: main, clock },
);
const far = await openTestEngine({ ...env, DATABASE_URL: farProxy.url }, { sharing: main, clock });
test.before.each(() => {
  for (const each of proxies) {
    each.judge = () => 'pass';
    each.up();
  }
});
test.after(async () => {
  redis.end();
  await near.close();
  await far.close();
  for (const each of proxies) await each.close();
  await main.close();
});

/** The engine behind the first or the second proxy; it knows the sale already, as a server in mid-sale does. */
async function knowing(saleId: string, which = near) {
  await which.engine.sales.getPublic(saleId);
  return which.engine;
}

const read = (saleId: string, holdId: string) => holdOf(redis, saleId, holdId);

test('a COMMIT whose answer is lost is asked about within the request, and the buyer gets the one order', async () => {
  const saleId = await openSale(main.engine, 3);
  const { token, holdId } = await hold(main.engine, { saleId, buyerId: 'alice' });
  const engine = await knowing(saleId, far);
  const harmed = farProxy.harmed();
  farProxy.judge = once(isCommit, 'cut-answer');

  const outcome = await engine.confirm({ buyerId: 'alice', token });
  const again = await main.engine.confirm({ buyerId: 'alice', token });

  assert.is(farProxy.harmed() - harmed, 1);
  assert.equal([outcome.status, outcome.status === 'confirmed' && outcome.replayed], ['confirmed', false]);
  assert.equal(again, { ...outcome, replayed: true });
  assert.equal(
    (await mysqlOf(main, saleId)).holds.map((row) => [row.holdId, row.orders]),
    [[holdId, 1]],
  );
  await assertAgreement(main, saleId);
});

test('twenty confirms in one COMMIT whose answer is lost are twenty orders, told in the same requests', async () => {
  const saleId = await openSale(main.engine, 20, { buyerTicketsMax: 1 });
  const holds = await Promise.all(
    Array.from({ length: 20 }, (_, n) => hold(main.engine, { saleId, buyerId: `b${n}` })),
  );
  const engine = await knowing(saleId, far);
  farProxy.judge = once(isCommit, 'cut-answer');

  const outcomes = await Promise.all(holds.map(({ token }, n) => engine.confirm({ buyerId: `b${n}`, token })));

  assert.is(outcomes.filter((outcome) => outcome.status === 'confirmed' && !outcome.replayed).length, 20);
  await assertAgreement(main, saleId);
});

test('a COMMIT that is answered by nobody is unavailable, the hold stays CONFIRMING, and the repeat is told the truth', async () => {
  const saleId = await openSale(main.engine, 3);
  const { token, holdId } = await hold(main.engine, { saleId, buyerId: 'alice' });
  const engine = await knowing(saleId);
  proxy.judge = (chunk) => (isCommit(chunk) ? 'mute' : 'pass');

  const confirming = failureOf(() => engine.confirm({ buyerId: 'alice', token }));
  await until('it is committed', async () => (await mysqlOf(main, saleId)).holds.length === 1);
  proxy.down();
  const error = await confirming;
  const between = await read(saleId, holdId);
  const release = await main.engine.release({ buyerId: 'alice', token });
  const repeat = await main.engine.confirm({ buyerId: 'alice', token });

  assert.instance(error, UnavailableError);
  assert.is(between?.status, 'confirming');
  assert.is(release.status, 'confirm_in_progress');
  assert.is(repeat.status === 'confirmed' && repeat.replayed, true);
  await assertAgreement(main, saleId);
});

test('MySQL away for the whole request: unavailable, the hold is HELD again with grace, and a later confirm buys', async () => {
  const saleId = await openSale(main.engine, 3, { holdTtlMs: 800 });
  const { token, holdId, expiresAtMs } = await hold(main.engine, { saleId, buyerId: 'alice' });
  const engine = await knowing(saleId);
  proxy.down();

  const error = await failureOf(() => engine.confirm({ buyerId: 'alice', token }));
  const reopened = await read(saleId, holdId);
  const graceEndsMs = time.nowMs + 1500;
  // The promised deadline is over then.
  time.nowMs = expiresAtMs + 20;
  await main.engine.work.sweepSale(saleId);
  const outcome = await main.engine.confirm({ buyerId: 'alice', token });

  assert.instance(error, UnavailableError);
  assert.is(reopened?.status, 'held');
  assert.is(reopened?.deadlineMs, graceEndsMs, 'the buyer has our grace');
  assert.is(reopened?.expiresAtMs, expiresAtMs, 'the promise itself does not move');
  assert.is(outcome.status, 'confirmed');
  await assertAgreement(main, saleId);
});

test('grace is bounded: however often MySQL fails, a hold ends when the most of it is used up', async () => {
  const saleId = await openSale(main.engine, 3, { holdTtlMs: 500 });
  const { token, holdId, expiresAtMs } = await hold(main.engine, { saleId, buyerId: 'alice' });
  const engine = await knowing(saleId);
  proxy.down();

  const deadlines: number[] = [];
  let last: string = 'held';
  for (; last === 'held' && time.nowMs < expiresAtMs + 10_000; time.nowMs += 100) {
    const answer = await engine.confirm({ buyerId: 'alice', token }).catch((error: Error) => error);
    if (!(answer instanceof UnavailableError)) throw answer;
    const record = await read(saleId, holdId);
    last = record?.status ?? 'unknown';
    deadlines.push(record?.deadlineMs ?? 0);
  }

  assert.is(Math.max(...deadlines), expiresAtMs + 2500, 'as far as the bound, and never beyond');
  assert.is(last, 'expired');
  assert.is((await stockOf(main.engine, saleId)).available, 3);
  assert.equal(await main.engine.confirm({ buyerId: 'alice', token }), { status: 'hold_expired' });
  await assertAgreement(main, saleId);
});

/** The next connections of an engine come to nothing, which it learns when they are cut. */
function makeUnreachable(network: BadNetwork): void {
  network.down();
  network.judge = () => 'withhold';
  network.up();
}

test('of two open attempts that definitely fail only the last one gives the hold back', async () => {
  const saleId = await openSale(main.engine, 3);
  const { token, holdId } = await hold(main.engine, { saleId, buyerId: 'alice' });
  const [quick, slow] = [await knowing(saleId, near), await knowing(saleId, far)];
  proxy.down();
  makeUnreachable(farProxy);
  const attempts = async () => (await read(saleId, holdId))?.attempts.split(',').filter(Boolean).length;

  const last = failureOf(() => slow.confirm({ buyerId: 'alice', token }));
  await until('one has begun', async () => (await attempts()) === 1);
  await failureOf(() => quick.confirm({ buyerId: 'alice', token }));
  const afterOne = await read(saleId, holdId);
  const release = await main.engine.release({ buyerId: 'alice', token });
  farProxy.down();
  await last;
  const afterBoth = await read(saleId, holdId);

  assert.equal([afterOne?.status, afterOne?.attempts.split(',').length], ['confirming', 1]);
  assert.is(release.status, 'confirm_in_progress');
  assert.is(afterBoth?.status, 'held');
  assert.is((await main.engine.confirm({ buyerId: 'alice', token })).status, 'confirmed');
  await assertAgreement(main, saleId);
});

test('an attempt that definitely fails beside one that commits takes nothing from it', async () => {
  const saleId = await openSale(main.engine, 3);
  const { token, holdId } = await hold(main.engine, { saleId, buyerId: 'alice' });
  const engine = await knowing(saleId, far);
  makeUnreachable(farProxy);

  const failing = failureOf(() => engine.confirm({ buyerId: 'alice', token }));
  await until('it has begun', async () => (await read(saleId, holdId))?.status === 'confirming');
  const outcome = await main.engine.confirm({ buyerId: 'alice', token });
  farProxy.down();
  const error = await failing;

  assert.is(error.message, 'the order could not be written');
  assert.is(outcome.status, 'confirmed');
  assert.is((await read(saleId, holdId))?.status, 'sold');
  await assertAgreement(main, saleId);
});

test('a transaction that was given up while MySQL was at it is neither failed nor doubled', async () => {
  const saleId = await openSale(main.engine, 3);
  const { token, holdId } = await hold(main.engine, { saleId, buyerId: 'alice' });
  const engine = await knowing(saleId);
  const lock = await lockStock(main, saleId);

  const confirming = failureOf(() => engine.confirm({ buyerId: 'alice', token }));
  await until('MySQL is at it', async () => (await lock.waiters()) === 1);
  proxy.down();
  const error = await confirming;
  const between = await read(saleId, holdId);
  await lock.release();
  const repeat = await main.engine.confirm({ buyerId: 'alice', token });

  assert.instance(error, UnavailableError);
  assert.is(between?.status, 'confirming');
  assert.is(repeat.status, 'confirmed');
  assert.is((await mysqlOf(main, saleId)).holds.length, 1);
  await assertAgreement(main, saleId);
});

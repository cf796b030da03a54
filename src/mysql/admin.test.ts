import * as assert from 'uvu/assert';
import { UnavailableError } from '../domain/errors.ts';
import { freshId } from '../testing/stack.ts';
import { suite } from '../testing/suite.ts';
import { failureOf } from '../testing/until.ts';
import { beginAdminRequest, finishAdminRequest, forgetAdminRequests } from './admin-requests.ts';
import { insertAudit, listAudit } from './audit.ts';
import { closeMysql, type Mysql } from './connection.ts';
import { isLockConflict } from './errors.ts';
import type { Trx } from './tables.ts';
import { leftOpen, testMysql, underWay } from './testing.ts';
import { transact } from './transact.ts';

const test = suite('admin requests and audit');
const mysql = testMysql({ lockWaitSeconds: 4 });
test.after(() => closeMysql(mysql));

const aRequest = () => ({ actorId: freshId('admin'), key: 'the key', requestHash: freshId('hash') });
type Request = ReturnType<typeof aRequest>;
const begin = (request: Request, by: Mysql = mysql) => transact(by, {}, (trx) => beginAdminRequest(trx, request));

async function answer(trx: Trx, request: Request, response: unknown): Promise<void> {
  assert.equal(await beginAdminRequest(trx, request), { status: 'new' });
  await finishAdminRequest(trx, request, response);
}
const answered = (request: Request, response: unknown) => transact(mysql, {}, (trx) => answer(trx, request, response));

test('a repeat hears the first answer, in its order of keys', async () => {
  const request = aRequest();
  const response = { zebra: 1, apple: [null, 'ü'], nested: { b: 1.5, a: true } };
  await answered(request, response);

  const outcome = await begin(request);

  assert.is(JSON.stringify(outcome), JSON.stringify({ status: 'replay', response }));
});

test('another request under the same key is a mismatch, another actor is new', async () => {
  const request = aRequest();
  await answered(request, 1);

  assert.equal(await begin({ ...request, requestHash: 'other' }), { status: 'mismatch' });
  assert.equal(await begin({ ...request, actorId: request.actorId.toUpperCase() }), { status: 'new' });
  assert.equal(await begin({ ...request, key: 'the key ' }), { status: 'new' });
});

test('of two at once the second waits for the first and replays it', async () => {
  const request = aRequest();
  const end = await leftOpen(mysql, (trx) => answer(trx, request, 'done'));

  const second = begin(request);
  await underWay(mysql, `insert into %${request.requestHash}%`);
  await end('commit');

  assert.equal(await second, { status: 'replay', response: 'done' });
});

test('a first that takes too long makes the second unavailable', async () => {
  const request = aRequest();
  const hasty = testMysql({ lockWaitSeconds: 1 });
  const end = await leftOpen(mysql, (trx) => answer(trx, request, 'done'));

  const error = await failureOf(() => begin(request, hasty));

  await end('commit');
  await closeMysql(hasty);
  assert.instance(error, UnavailableError);
  assert.ok(isLockConflict(error));
});

test('a first that failed leaves the key as new', async () => {
  const request = aRequest();
  await transact(mysql, {}, async (trx) => {
    await beginAdminRequest(trx, request);
    throw new Error('it failed');
  }).catch(() => undefined);

  assert.equal(await begin(request), { status: 'new' });
  assert.equal(await begin({ ...request, requestHash: 'never answered, so it may differ' }), { status: 'new' });
});

test('an answer is forgotten after 24 hours', async () => {
  const request = aRequest();
  await answered(request, 1);
  const aDayAgoMs = Date.now() - 24 * 3_600_000 - 1;
  const mine = mysql.db.updateTable('admin_requests').set({ created_at_ms: aDayAgoMs });
  await mine.where('actor_id', '=', Buffer.from(request.actorId)).execute();

  const outcome = await begin({ ...request, requestHash: 'other' });

  assert.equal(outcome, { status: 'new' });
  await mine.where('actor_id', '=', Buffer.from(request.actorId)).execute();
  assert.ok((await forgetAdminRequests(mysql.db, Date.now(), 100)) >= 1);
});

test('the audit tells who changed what, newest first, of one sale or of all', async () => {
  const saleId = freshId('sale');
  const entry = (action: string) => ({
    ...{ actorId: 'Ädmin ', action, saleId, reason: 'because', requestId: 'r-1', createdAtMs: 5 },
    ...{ before: { capacity: 1 }, after: null },
  });
  const ids = await transact(mysql, {}, async (trx) => {
    const written = [];
    for (const action of ['one', 'two', 'three']) written.push(await insertAudit(trx, entry(action)));
    await insertAudit(trx, { ...entry('elsewhere'), saleId: null, reason: null, before: undefined });
    return written;
  });

  const first = await listAudit(mysql.db, { saleId, limit: 2 });
  const second = await listAudit(mysql.db, { saleId, limit: 2, cursor: first.nextCursor ?? '' });
  const all = await listAudit(mysql.db, { limit: 50 });

  assert.equal(
    [...first.items, ...second.items].map((it) => it.action),
    ['three', 'two', 'one'],
  );
  assert.is(second.nextCursor, null);
  assert.equal(second.items[0], { ...entry('one'), auditId: ids[0] });
  assert.ok(all.items.some((it) => it.action === 'elsewhere' && it.before === null && it.saleId === null));
});

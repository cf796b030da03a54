import * as assert from 'uvu/assert';
import { saleKey, saleKeys } from '../redis/keys.ts';
import { redisOf } from '../testing/agreement.ts';
import { hold, openSale, openTestEngine } from '../testing/engine.ts';
import { freshId } from '../testing/stack.ts';
import { suite } from '../testing/suite.ts';
import { persistently, until } from '../testing/until.ts';
import { contractOf } from './contract-fixtures.ts';

const test = suite('HTTP contract of the audit of a sale');
const main = await openTestEngine({ AUDIT_PAUSE_MS: '50' });
const redis = await redisOf(main);
test.after(async () => {
  redis.end();
  await main.close();
});
const call = contractOf(main.engine);
const ops = { as: 'ops', scope: 'admin' };
const auditOf = (saleId: string, ask: object = ops) => call(`GET /admin/sales/${saleId}/audit`, ask);

/** An audit has a second for each part: what a busy machine cut short, or left without the gaps, is asked for again. */
const wholeAuditOf = (saleId: string) =>
  until('a whole audit', async () => {
    const audit = await auditOf(saleId);
    return audit.body['truncated'] === false && (audit.body['gaps'] as unknown[]).length > 0 && audit;
  });

test('a balanced sale and one with drift are told as the document says, and asking changes nothing', async () => {
  const saleId = await openSale(main.engine, 5);
  await hold(main.engine, { saleId, buyerId: 'alice' });
  const calm = await auditOf(saleId);
  await redis.client.hincrby(saleKey(redis.keyPrefix, saleId), 'available:std', 2);

  const first = await wholeAuditOf(saleId);
  const again = await wholeAuditOf(saleId);

  assert.equal([calm.status, calm.body['status'], calm.body['looks']], [200, 'balanced', 1]);
  assert.equal(first.body['ticketTypes'], [
    {
      ticketTypeId: 'std',
      redis: { capacity: 5, available: 6, held: 1, sold: 0 },
      mysql: { capacity: 5, sold: 0 },
      liveHolds: 1,
      inFlight: 0,
      balanced: false,
      difference: { capacity: 0, unaccounted: -2, sold: 0, held: 0 },
    },
  ]);
  const { checkedAt: _first, ...told } = first.body;
  const { checkedAt: _again, ...toldAgain } = again.body;
  assert.equal([told['status'], told['looks'], told], ['drift', 2, toldAgain]);
  assert.equal(
    (told['findings'] as { kind: string; units: number }[]).map(({ kind, units }) => [kind, units]),
    [['available_differs', 2]],
  );
});

test('an unknown sale is 404, a malformed id is 400, buyers are 403 and strangers 401', async () => {
  const saleId = await openSale(main.engine, 1);

  const none = await auditOf(freshId('none'));
  const malformed = await auditOf('a%20b');
  const buyer = await auditOf(saleId, { as: 'bob' });
  const stranger = await auditOf(saleId, {});

  assert.equal([none.status, none.body['code']], [404, 'sale_not_found']);
  assert.equal([malformed.status, malformed.body['code']], [400, 'invalid_request']);
  assert.equal([buyer.status, stranger.status], [403, 401]);
});

test('a sale that Redis has lost is 503 and not drift, and is rebuilt meanwhile', async () => {
  const saleId = await openSale(main.engine, 5);
  await redis.client.del(saleKeys(redis.keyPrefix, saleId)[2]);

  const lost = await auditOf(saleId);
  const rebuilt = await persistently(async () => {
    const answer = await auditOf(saleId);
    if (answer.status !== 200) throw new Error(`still ${answer.status}`);
    return answer;
  });

  assert.equal([lost.status, lost.body['code']], [503, 'unavailable']);
  assert.ok(Number(lost.headers.get('retry-after')) > 0);
  assert.is(rebuilt.body['status'], 'balanced');
});

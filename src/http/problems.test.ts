import Joi from 'joi';
import * as assert from 'uvu/assert';
import { RequestError, UnavailableError } from '../domain/errors.ts';
import { suite } from '../testing/suite.ts';
import { type Answer, respond } from './answer.ts';
import { edgeOptions } from './edge-fixtures.ts';
import { createReporter, problemOfError } from './errors.ts';
import { refuse, succeed } from './outcomes.ts';
import { exampleOfProblem, type ProblemCode, problems, statusOfProblem } from './problems.ts';

const test = suite('problems');

const shape = Joi.object({
  type: Joi.string().pattern(/^urn:onsale:problem:[a-z_]+$/),
  title: Joi.string(),
  status: Joi.number().integer().min(400).max(599),
  detail: Joi.string(),
  code: Joi.string().pattern(/^[a-z_]+$/),
  instance: Joi.string().valid('req-1'),
})
  .prefs({ presence: 'required', convert: false })
  .unknown();

async function told(answer: Answer) {
  const response = respond(answer, 'req-1');
  return { response, body: (await response.json()) as Record<string, unknown> };
}

test('every problem has the members of RFC 9457 and its code', async () => {
  for (const code of Object.keys(problems) as ProblemCode[]) {
    const { response, body } = await told({ problem: code });

    Joi.assert(body, shape);
    assert.is(body['code'], code);
    assert.is(body['status'], response.status);
    assert.is(response.status, statusOfProblem(code));
    assert.is(response.headers.get('content-type'), 'application/problem+json');
    assert.is(response.headers.get('x-request-id'), 'req-1');
    Joi.assert(exampleOfProblem(code), shape);
  }
});

test('refusals carry the members of the contract', async () => {
  const opensAtMs = Date.UTC(2030, 5, 1);
  const opensAt = '2030-06-01T00:00:00.000Z';
  const body = async (problem: Answer) => {
    const { type: _type, title: _title, detail: _detail, instance: _instance, ...rest } = (await told(problem)).body;
    return rest;
  };

  assert.equal(await body(refuse({ status: 'sale_not_open', opensAtMs })), {
    status: 409,
    code: 'sale_not_open',
    opensAt,
  });
  assert.equal(await body(refuse({ status: 'limit_reached', scope: 'buyer', limit: 4, held: 1, bought: 2 })), {
    status: 409,
    code: 'limit_reached',
    scope: 'buyer',
    limit: 4,
    held: 1,
    bought: 2,
  });
  assert.equal(await body(refuse({ status: 'sold_out', ticketTypeIds: ['a', 'b'] })), {
    status: 409,
    code: 'sold_out',
    lines: [{ ticketTypeId: 'a' }, { ticketTypeId: 'b' }],
  });
  const coupon = { couponId: 'c', campaignId: 'x', issuedAtMs: opensAtMs };
  assert.equal(await body(refuse({ status: 'already_issued', coupon })), {
    status: 409,
    code: 'already_issued',
    couponId: 'c',
    campaignId: 'x',
    issuedAt: opensAt,
  });
  assert.equal(await body(refuse({ status: 'already_confirmed', orderId: 'o' })), {
    status: 409,
    code: 'already_confirmed',
    orderId: 'o',
  });
  assert.equal(await body(refuse({ status: 'capacity_in_use', available: 3 })), {
    status: 409,
    code: 'capacity_in_use',
    available: 3,
  });
  assert.equal(await body(refuse({ status: 'capacity_too_large', capacityMax: 9 })), {
    status: 422,
    code: 'capacity_too_large',
    capacityMax: 9,
  });
});

test('Retry-After is whole seconds and never 0', async () => {
  const after = async (retryAfterMs: number) =>
    (await told(refuse({ status: 'all_held', ticketTypeIds: ['a'], retryAfterMs }))).response.headers.get(
      'retry-after',
    );

  assert.is(await after(0), '1');
  assert.is(await after(1), '1');
  assert.is(await after(1000), '1');
  assert.is(await after(1001), '2');
  assert.is(await after(-5), '1');
  assert.is(
    (await told(refuse({ status: 'confirm_in_progress', retryAfterMs: 250 }))).response.headers.get('retry-after'),
    '1',
  );
  assert.is(
    (await told(refuse({ status: 'sold_out', ticketTypeIds: ['a'] }))).response.headers.get('retry-after'),
    null,
  );
});

test('a replay answers 200 with the same body and says so', async () => {
  const first = await told(succeed('held', { holdId: 'h' }));
  const replay = await told(succeed('held', { holdId: 'h' }, true));

  assert.is(first.response.status, 201);
  assert.is(first.response.headers.get('idempotent-replayed'), null);
  assert.is(replay.response.status, 200);
  assert.is(replay.response.headers.get('idempotent-replayed'), 'true');
  assert.equal(first.body, replay.body);
});

test('nothing of an unknown error is told', async () => {
  const { response, body } = await told(problemOfError(new Error('connect ECONNREFUSED 10.0.0.7, password=x')));

  assert.is(response.status, 500);
  assert.not.match(JSON.stringify(body), 'ECONNREFUSED');
  assert.not.match(JSON.stringify(body), 'stack');
});

test('an outage is one line a second, a bug is always one, a fault of the caller is none', () => {
  const { log, lines } = edgeOptions();
  const report = createReporter(log);
  const occasion = { requestId: 'r', method: 'GET', route: '/x' };

  for (let i = 0; i < 100; i += 1) report(new UnavailableError('redis is away'), occasion);
  for (let i = 0; i < 3; i += 1) report(new Error('bug'), occasion);
  for (let i = 0; i < 3; i += 1) report(new RequestError('invalid_json', 'no'), occasion);

  assert.is(lines.filter((line) => line.includes('unavailable')).length, 1);
  assert.is(lines.length, 4);
});

test('an unavailable store answers 503 with the time that it asks for', async () => {
  const { response, body } = await told(problemOfError(new UnavailableError('rebuilding', { retryAfterMs: 2500 })));

  assert.is(response.status, 503);
  assert.is(body['code'], 'unavailable');
  assert.is(response.headers.get('retry-after'), '3');
});

import Joi from 'joi';
import type { Line } from '../../domain/hold.ts';
import { refuse, succeed } from '../outcomes.ts';
import { type Route, route } from '../route.ts';
import { id, integer, LINES_MAX, QUANTITY_MAX } from '../schemas.ts';
import { isoTime } from '../time.ts';
import {
  ownHoldExample,
  ownHoldListExample,
  ownHoldListSchema,
  ownHoldSchema,
  ownHoldView,
  reservedExample,
  reservedSchema,
  reservedView,
} from '../views/hold.ts';
import { orderExample, orderSchema, orderView } from '../views/order.ts';
import { exactly } from '../views/shared.ts';

const tag = 'purchase';

const reserveBody = Joi.object<{ saleId: string; lines: Line[] }>({
  saleId: id().required(),
  lines: Joi.array()
    .items(Joi.object({ ticketTypeId: id().required(), quantity: integer(1, QUANTITY_MAX).required() }))
    .min(1)
    .max(LINES_MAX)
    .unique('ticketTypeId')
    .description('One line per ticket type; all of them are held, or none.')
    .required(),
});

// The engine judges what a token says; here it only has to be text of a bearable length.
const tokenBody = Joi.object<{ token: string }>({
  token: Joi.string().min(1).max(8192).description('The token of the hold.').required(),
});

const reserve = route({
  method: 'POST',
  path: '/purchase/reserve',
  scope: 'buyer',
  tag,
  summary: 'Hold tickets',
  description:
    'Takes every line or none. With an Idempotency-Key the call may be repeated after a lost answer; without one a repeat is a second hold.',
  body: reserveBody,
  // A crowd that wants the same tickets sends the same few bytes; who asks stands in the token.
  bodyRepeats: true,
  idempotent: true,
  successes: [
    { status: 201, description: 'The tickets are held.', schema: reservedSchema, example: reservedExample },
    {
      status: 200,
      description: 'Held by an earlier call with this key.',
      schema: reservedSchema,
      example: reservedExample,
    },
  ],
  problems: [
    'sale_not_found',
    'sale_not_open',
    'sale_closed',
    'sale_paused',
    'ticket_type_not_found',
    'limit_reached',
    'sold_out',
    'all_held',
    'hold_expired',
    'hold_released',
    'idempotency_mismatch',
  ],
  async handle(engine, { body, caller, idempotencyKey }) {
    const { saleId, lines } = body;
    const outcome = await engine.reserve({ buyerId: caller.buyerId, saleId, lines, idempotencyKey });
    if (outcome.status !== 'held') return refuse(outcome);
    return succeed('held', reservedView(outcome.hold), outcome.replayed);
  },
});

const confirm = route({
  method: 'POST',
  path: '/purchase/confirm',
  scope: 'buyer',
  tag,
  summary: 'Buy what is held',
  description: 'May be repeated: one hold gives one order, whatever happens.',
  body: tokenBody,
  deadline: 'confirm',
  successes: [
    { status: 201, description: 'The order.', schema: orderSchema, example: orderExample },
    { status: 200, description: 'The order that an earlier call made.', schema: orderSchema, example: orderExample },
  ],
  problems: ['invalid_token', 'not_your_hold', 'hold_expired', 'hold_released', 'sold_out', 'limit_reached'],
  async handle(engine, { body, caller }) {
    const outcome = await engine.confirm({ buyerId: caller.buyerId, token: body.token });
    if (outcome.status !== 'confirmed') return refuse(outcome);
    return succeed('confirmed', orderView(outcome.order), outcome.replayed);
  },
});

/** What a release answers, to buyers and to admins. */
export const releasedSchema = exactly({ holdId: id(), status: Joi.string().valid('released') });
export const releasedExample = { holdId: reservedExample.holdId, status: 'released' };

const release = route({
  method: 'POST',
  path: '/purchase/release',
  scope: 'buyer',
  tag,
  summary: 'Give held tickets back',
  description: 'May be repeated.',
  body: tokenBody,
  successes: [
    {
      status: 200,
      description: 'The tickets went back, now or before.',
      schema: releasedSchema,
      example: releasedExample,
    },
  ],
  problems: ['invalid_token', 'not_your_hold', 'already_confirmed', 'confirm_in_progress', 'hold_expired'],
  async handle(engine, { body, caller }) {
    const outcome = await engine.release({ buyerId: caller.buyerId, token: body.token });
    if (outcome.status !== 'released') return refuse(outcome);
    return succeed('released', { holdId: outcome.holdId, status: 'released' }, outcome.replayed);
  },
});

const listHolds = route({
  method: 'GET',
  path: '/purchase/holds',
  scope: 'buyer',
  tag,
  summary: 'Own live holds with their tokens',
  query: Joi.object<{ saleId?: string }>({ saleId: id() }),
  successes: [{ status: 200, description: 'The live holds.', schema: ownHoldListSchema, example: ownHoldListExample }],
  problems: [],
  async handle(engine, { query, caller }) {
    const { items, serverTimeMs } = await engine.holds.listOwn({ buyerId: caller.buyerId, saleId: query.saleId });
    return { status: 200, json: { items: items.map(ownHoldView), serverTime: isoTime(serverTimeMs) } };
  },
});

const getHold = route({
  method: 'GET',
  path: '/purchase/holds/:holdId',
  scope: 'buyer',
  tag,
  summary: 'One own hold',
  successes: [{ status: 200, description: 'The hold.', schema: ownHoldSchema, example: ownHoldExample }],
  problems: ['hold_not_found'],
  async handle(engine, { params, caller }) {
    const outcome = await engine.holds.getOwn({ buyerId: caller.buyerId, holdId: params.holdId });
    if (outcome.status !== 'found') return refuse(outcome);
    return succeed('found', { ...ownHoldView(outcome.hold), serverTime: isoTime(outcome.serverTimeMs) });
  },
});

export const purchaseRoutes: readonly Route[] = [reserve, confirm, release, listHolds, getHold];

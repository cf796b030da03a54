import Joi from 'joi';
import { assert } from '../../domain/errors.ts';
import type { HoldStatus } from '../../domain/hold.ts';
import { refuse, succeed } from '../outcomes.ts';
import { type Route, route } from '../route.ts';
import { buyerId, id, reason } from '../schemas.ts';
import { auditExample, auditSchema, auditView } from '../views/audit.ts';
import {
  adminHoldExample,
  adminHoldSchema,
  adminHoldView,
  bothStoresExample,
  bothStoresSchema,
  bothStoresView,
  holdStatus,
} from '../views/hold.ts';
import { pageOf } from '../views/shared.ts';
import { actionOf } from './admin-sales.ts';
import { type PageQuery, pageFields } from './orders.ts';
import { releasedExample, releasedSchema } from './purchase.ts';

const tag = 'admin';

const list = route({
  method: 'GET',
  path: '/admin/sales/:saleId/holds',
  scope: 'admin',
  tag,
  summary: 'Holds of a sale, live and recently ended',
  query: Joi.object<PageQuery & { buyerId?: string; status?: HoldStatus }>({
    buyerId: buyerId(),
    status: holdStatus(),
    ...pageFields(),
  }),
  successes: [
    {
      status: 200,
      description: 'A page of holds.',
      schema: pageOf(adminHoldSchema),
      example: { items: [adminHoldExample], nextCursor: null },
    },
  ],
  problems: ['sale_not_found'],
  async handle(engine, { params, query }) {
    const page = await engine.holds.list({ saleId: params.saleId, ...query });
    if (page === null) return { problem: 'sale_not_found' };
    return { status: 200, json: { items: page.items.map(adminHoldView), nextCursor: page.nextCursor } };
  },
});

const get = route({
  method: 'GET',
  path: '/admin/holds/:holdId',
  scope: 'admin',
  tag,
  summary: 'What Redis and MySQL say of a hold, side by side',
  successes: [{ status: 200, description: 'The hold.', schema: bothStoresSchema, example: bothStoresExample }],
  problems: ['hold_not_found'],
  async handle(engine, { params }) {
    const hold = await engine.holds.get({ holdId: params.holdId });
    return hold === null ? { problem: 'hold_not_found' } : { status: 200, json: bothStoresView(hold) };
  },
});

const release = route({
  method: 'POST',
  path: '/admin/holds/:holdId/release',
  scope: 'admin',
  tag,
  summary: "Give a buyer's hold back",
  description: 'May be repeated.',
  body: Joi.object<{ reason: string }>({ reason: reason().required() }),
  idempotent: true,
  successes: [
    {
      status: 200,
      description: 'The tickets went back, now or before.',
      schema: releasedSchema,
      example: releasedExample,
    },
  ],
  problems: ['hold_not_found', 'already_confirmed', 'confirm_in_progress', 'hold_expired'],
  async handle(engine, request) {
    const { holdId } = request.params;
    const outcome = await engine.holds.release({ ...actionOf(request), holdId, reason: request.body.reason });
    if (outcome.status === 'released') {
      return succeed('released', { holdId: outcome.holdId, status: 'released' }, outcome.replayed);
    }
    const { status } = outcome;
    assert(status !== 'invalid_token' && status !== 'not_your_hold', 'an admin has no token to be judged', { holdId });
    return refuse(outcome);
  },
});

const audit = route({
  method: 'GET',
  path: '/admin/audit',
  scope: 'admin',
  tag,
  summary: 'Who did what, when and why, newest first',
  query: Joi.object<PageQuery & { saleId?: string }>({ saleId: id(), ...pageFields() }),
  successes: [
    {
      status: 200,
      description: 'A page of the audit.',
      schema: pageOf(auditSchema),
      example: { items: [auditExample], nextCursor: null },
    },
  ],
  problems: [],
  async handle(engine, { query }) {
    const { items, nextCursor } = await engine.audit.list(query);
    return { status: 200, json: { items: items.map(auditView), nextCursor } };
  },
});

export const adminHoldRoutes: readonly Route[] = [list, get, release, audit];

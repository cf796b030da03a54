import Joi from 'joi';
import { refuse, succeed } from '../outcomes.ts';
import { type Route, route } from '../route.ts';
import { CAPACITY_MAX, integer, reason } from '../schemas.ts';
import { capacitySchema, resyncSchema, stockSchema } from '../views/sale.ts';
import { saleAuditExample, saleAuditSchema, saleAuditView } from '../views/sale-audit.ts';
import { actionOf } from './admin-sales.ts';

const tag = 'admin';

const stock = route({
  method: 'GET',
  path: '/admin/sales/:saleId/stock',
  scope: 'admin',
  tag,
  summary: 'Where every ticket is, in both stores',
  successes: [
    {
      status: 200,
      description: 'The stock of each ticket type.',
      schema: stockSchema,
      example: {
        ticketTypes: [
          {
            ticketTypeId: 'ga',
            capacity: 100,
            available: 73,
            held: 7,
            sold: 20,
            soldInMysql: 20,
            capacityInMysql: 100,
            balanced: true,
          },
        ],
      },
    },
  ],
  problems: ['sale_not_found'],
  async handle(engine, { params }) {
    const rows = await engine.sales.stock(params.saleId);
    if (rows === null) return { problem: 'sale_not_found' };
    const ticketTypes = rows.map(
      ({ ticketTypeId, capacity, available, held, sold, soldInMysql, capacityInMysql, balanced }) => ({
        ticketTypeId,
        capacity,
        available,
        held,
        sold,
        soldInMysql,
        capacityInMysql,
        balanced,
      }),
    );
    return { status: 200, json: { ticketTypes } };
  },
});

const capacity = route({
  method: 'POST',
  path: '/admin/sales/:saleId/ticket-types/:ticketTypeId/capacity',
  scope: 'admin',
  tag,
  summary: 'Add tickets, or take available ones away',
  description: 'A difference, never a new total: two admins who each add ten add twenty.',
  body: Joi.object<{ delta: number; reason: string }>({
    delta: integer(-CAPACITY_MAX, CAPACITY_MAX).invalid(0).required(),
    reason: reason().required(),
  }),
  idempotent: true,
  successes: [
    {
      status: 200,
      description: 'The capacity before and after.',
      schema: capacitySchema,
      example: { ticketTypeId: 'ga', before: { capacity: 100 }, after: { capacity: 110 } },
    },
  ],
  problems: ['sale_not_found', 'ticket_type_not_found', 'capacity_in_use', 'capacity_too_large'],
  async handle(engine, request) {
    const { params, body } = request;
    const outcome = await engine.sales.changeCapacity({ ...actionOf(request), ...params, ...body });
    if (outcome.status !== 'changed') return refuse(outcome);
    const { ticketTypeId, before, after } = outcome;
    return succeed('changed', {
      ticketTypeId,
      before: { capacity: before.capacity },
      after: { capacity: after.capacity },
    });
  },
});

const resync = route({
  method: 'POST',
  path: '/admin/sales/:saleId/resync',
  scope: 'admin',
  tag,
  summary: 'Set Redis right from MySQL and the live holds',
  description: 'Safe in the middle of a sale. A dry run changes nothing and shows the drift.',
  body: Joi.object<{ dryRun: boolean; reason: string }>({
    dryRun: Joi.boolean().default(false),
    reason: reason().required(),
  }),
  idempotent: true,
  successes: [
    {
      status: 200,
      description: 'The stock before and after.',
      schema: resyncSchema,
      example: {
        applied: true,
        ticketTypes: [
          {
            ticketTypeId: 'ga',
            before: { available: 72, held: 7, sold: 20 },
            after: { available: 73, held: 7, sold: 20 },
            drift: 1,
          },
        ],
      },
    },
  ],
  problems: ['sale_not_found', 'resync_conflict'],
  async handle(engine, request) {
    const { dryRun, reason } = request.body;
    const outcome = await engine.sales.resync({ ...actionOf(request), ...request.params, dryRun, reason });
    if (outcome.status !== 'resynced') return refuse(outcome);
    return succeed('resynced', { applied: outcome.applied, ticketTypes: outcome.ticketTypes });
  },
});

const audit = route({
  method: 'GET',
  path: '/admin/sales/:saleId/audit',
  scope: 'admin',
  tag,
  summary: 'Whether Redis and MySQL agree, and why where they do not',
  description:
    'What differs is looked at again after a pause: what differs in both looks is drift. Changes nothing; the workers mend what is safe.',
  successes: [
    { status: 200, description: 'What both stores say.', schema: saleAuditSchema, example: saleAuditExample },
  ],
  problems: ['sale_not_found'],
  async handle(engine, { params }) {
    const found = await engine.sales.audit(params.saleId);
    return found === null ? { problem: 'sale_not_found' } : { status: 200, json: saleAuditView(found) };
  },
});

export const adminStockRoutes: readonly Route[] = [stock, capacity, resync, audit];

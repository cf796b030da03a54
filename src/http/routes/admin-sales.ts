import Joi from 'joi';
import type { AdminAction, SaleSettings } from '../../domain/sale.ts';
import { distinctIds, newId } from '../ids.ts';
import { outcomeStatuses, refuse, succeed } from '../outcomes.ts';
import { type Route, route } from '../route.ts';
import { CAPACITY_MAX, currency, endTime, id, integer, reason, TICKET_TYPES_MAX, text, time } from '../schemas.ts';
import { msOf, msOrNull } from '../time.ts';
import { adminSaleExample, adminSaleSchema, adminSaleView } from '../views/sale.ts';
import { pageOf } from '../views/shared.ts';
import { type PageQuery, pageFields } from './orders.ts';

const tag = 'admin';

type Settings = {
  title: string;
  opensAt: string;
  closesAt?: string | null;
  holdTtlSeconds: number;
  buyerTicketsMax: number;
  orderTicketsMax?: number | null;
};
type TicketTypeBody = { ticketTypeId?: string; name: string; priceMinor: number; capacity: number };
type SaleBody = Settings & { saleId?: string; currency: string; ticketTypes: TicketTypeBody[] };

const settings = {
  title: text(200),
  opensAt: time(),
  closesAt: endTime(),
  holdTtlSeconds: integer(1, 86_400).description('How long a hold waits for its payment.'),
  buyerTicketsMax: integer(1, 1000).description('Held and bought by one buyer in the whole sale.'),
  orderTicketsMax: integer(1, 1000).allow(null).description('In one order.'),
};

const ticketType = Joi.object({
  ticketTypeId: id().description('Made from the name when absent.'),
  name: text(200).required(),
  priceMinor: integer(0, 1_000_000_000).required(),
  capacity: integer(0, CAPACITY_MAX).required(),
});

const saleBody = Joi.object<SaleBody>({
  ...settings,
  saleId: id().description('Made when absent.'),
  currency: currency(),
  ticketTypes: Joi.array()
    .items(ticketType)
    .min(1)
    .max(TICKET_TYPES_MAX)
    .unique('ticketTypeId', { ignoreUndefined: true }),
}).fork(['title', 'currency', 'opensAt', 'holdTtlSeconds', 'buyerTicketsMax', 'ticketTypes'], (field) =>
  field.required(),
);

/** Who acts and under which key, as every admin call tells the engine. */
export function actionOf(request: {
  caller: { buyerId: string };
  requestId: string;
  idempotencyKey: string | undefined;
}): AdminAction {
  const { caller, requestId, idempotencyKey } = request;
  return { actorId: caller.buyerId, requestId, idempotencyKey };
}

const create = route({
  method: 'POST',
  path: '/admin/sales',
  scope: 'admin',
  tag,
  summary: 'Create a sale',
  body: saleBody,
  idempotent: true,
  successes: [{ status: 201, description: 'The sale.', schema: adminSaleSchema, example: adminSaleExample }],
  problems: ['sale_exists'],
  async handle(engine, request) {
    const { body } = request;
    const action = actionOf(request);
    const ids = distinctIds(body.ticketTypes.map(({ ticketTypeId, name }) => ({ id: ticketTypeId, name })));
    const sale = {
      saleId: body.saleId ?? newId('sale', { ...action, idempotencyKey: request.idempotencyKey }),
      currency: body.currency,
      title: body.title,
      opensAtMs: msOf(body.opensAt),
      closesAtMs: msOrNull(body.closesAt),
      holdTtlMs: body.holdTtlSeconds * 1000,
      buyerTicketsMax: body.buyerTicketsMax,
      orderTicketsMax: body.orderTicketsMax ?? null,
      ticketTypes: body.ticketTypes.map(({ name, priceMinor, capacity }, i) => ({
        ticketTypeId: ids[i] ?? '',
        name,
        priceMinor,
        capacity,
      })),
    };
    const outcome = await engine.sales.create({ ...action, sale });
    return outcome.status === 'created' ? succeed('created', adminSaleView(outcome.sale)) : refuse(outcome);
  },
});

const list = route({
  method: 'GET',
  path: '/admin/sales',
  scope: 'admin',
  tag,
  summary: 'Every sale, newest first',
  query: Joi.object<PageQuery>(pageFields()),
  successes: [
    {
      status: 200,
      description: 'A page of sales.',
      schema: pageOf(adminSaleSchema),
      example: { items: [adminSaleExample], nextCursor: null },
    },
  ],
  problems: [],
  async handle(engine, { query }) {
    const { items, nextCursor } = await engine.sales.list(query);
    return { status: 200, json: { items: items.map(adminSaleView), nextCursor } };
  },
});

const get = route({
  method: 'GET',
  path: '/admin/sales/:saleId',
  scope: 'admin',
  tag,
  summary: 'One sale',
  successes: [{ status: 200, description: 'The sale.', schema: adminSaleSchema, example: adminSaleExample }],
  problems: ['sale_not_found'],
  async handle(engine, { params }) {
    const sale = await engine.sales.get(params.saleId);
    return sale === null ? { problem: 'sale_not_found' } : { status: 200, json: adminSaleView(sale) };
  },
});

const update = route({
  method: 'PATCH',
  path: '/admin/sales/:saleId',
  scope: 'admin',
  tag,
  summary: 'Change the window, the limits or the title',
  description: 'Never the price or the currency: a hold is a promise of both.',
  body: Joi.object<Partial<Settings>>(settings).min(1),
  idempotent: true,
  successes: [{ status: 200, description: 'The sale.', schema: adminSaleSchema, example: adminSaleExample }],
  problems: ['sale_not_found', 'invalid_request'],
  async handle(engine, request) {
    const { saleId } = request.params;
    const outcome = await engine.sales.update({ ...actionOf(request), saleId, changes: changesOf(request.body) });
    if (outcome.status === 'updated') return succeed('updated', adminSaleView(outcome.sale));
    if (outcome.status !== 'invalid_window') return refuse(outcome);
    const errors = [{ field: 'closesAt', message: 'must be after opensAt' }];
    return { problem: 'invalid_request', status: outcomeStatuses.invalid_window, members: { errors } };
  },
});

function changesOf(body: Partial<Settings>): Partial<SaleSettings> {
  const { opensAt, closesAt, holdTtlSeconds, ...rest } = body;
  return {
    ...rest,
    ...(opensAt === undefined ? {} : { opensAtMs: msOf(opensAt) }),
    ...(closesAt === undefined ? {} : { closesAtMs: msOrNull(closesAt) }),
    ...(holdTtlSeconds === undefined ? {} : { holdTtlMs: holdTtlSeconds * 1000 }),
  };
}

const switches = [
  { verb: 'pause', to: 'paused', summary: 'Take no new holds for now; live holds stay good' },
  { verb: 'resume', to: 'resumed', summary: 'Take new holds again' },
  { verb: 'close', to: 'closed', summary: 'End the sale for ever; live holds stay good' },
] as const;

const switchRoutes = switches.map(({ verb, to, summary }) =>
  route({
    method: 'POST',
    path: `/admin/sales/:saleId/${verb}`,
    scope: 'admin',
    tag,
    summary,
    description: 'May be repeated.',
    body: Joi.object<{ reason: string }>({ reason: reason().required() }),
    idempotent: true,
    successes: [{ status: 200, description: 'The sale.', schema: adminSaleSchema, example: adminSaleExample }],
    problems: ['sale_not_found', 'sale_closed'],
    async handle(engine, request) {
      const input = { ...actionOf(request), saleId: request.params.saleId, to, reason: request.body.reason };
      const outcome = await engine.sales.switch(input);
      return outcome.status === 'switched' ? succeed('switched', adminSaleView(outcome.sale)) : refuse(outcome);
    },
  }),
);

export const adminSaleRoutes: readonly Route[] = [create, list, get, update, ...switchRoutes];

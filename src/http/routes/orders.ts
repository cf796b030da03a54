import Joi from 'joi';
import { type Route, route } from '../route.ts';
import { buyerId, cursor, id, limit } from '../schemas.ts';
import {
  adminOrderExample,
  adminOrderSchema,
  adminOrderView,
  orderExample,
  orderSchema,
  orderView,
} from '../views/order.ts';
import { pageOf } from '../views/shared.ts';

/** What every list with pages is asked with. */
export const pageFields = () => ({ limit: limit(), cursor: cursor() });
export type PageQuery = { limit: number; cursor?: string };

const listOwn = route({
  method: 'GET',
  path: '/orders',
  scope: 'buyer',
  tag: 'orders',
  summary: 'Own orders, newest first',
  query: Joi.object<PageQuery>(pageFields()),
  successes: [
    {
      status: 200,
      description: 'A page of orders.',
      schema: pageOf(orderSchema),
      example: { items: [orderExample], nextCursor: null },
    },
  ],
  problems: [],
  async handle(engine, { query, caller }) {
    const { items, nextCursor } = await engine.orders.listOwn({ buyerId: caller.buyerId, ...query });
    return { status: 200, json: { items: items.map(orderView), nextCursor } };
  },
});

const getOwn = route({
  method: 'GET',
  path: '/orders/:orderId',
  scope: 'buyer',
  tag: 'orders',
  summary: 'One own order',
  successes: [{ status: 200, description: 'The order.', schema: orderSchema, example: orderExample }],
  problems: ['order_not_found'],
  async handle(engine, { params, caller }) {
    const order = await engine.orders.getOwn({ buyerId: caller.buyerId, orderId: params.orderId });
    return order === null ? { problem: 'order_not_found' } : { status: 200, json: orderView(order) };
  },
});

const list = route({
  method: 'GET',
  path: '/admin/orders',
  scope: 'admin',
  tag: 'admin',
  summary: 'Orders of everybody, newest first',
  query: Joi.object<PageQuery & { saleId?: string; buyerId?: string }>({
    saleId: id(),
    buyerId: buyerId(),
    ...pageFields(),
  }),
  successes: [
    {
      status: 200,
      description: 'A page of orders.',
      schema: pageOf(adminOrderSchema),
      example: { items: [adminOrderExample], nextCursor: null },
    },
  ],
  problems: [],
  async handle(engine, { query }) {
    const { items, nextCursor } = await engine.orders.list(query);
    return { status: 200, json: { items: items.map(adminOrderView), nextCursor } };
  },
});

export const orderRoutes: readonly Route[] = [listOwn, getOwn, list];

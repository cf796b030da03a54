import Joi from 'joi';
import { type Route, route } from '../route.ts';
import { publicSaleExample, publicSaleSchema, publicSaleView } from '../views/sale.ts';
import { exactly } from '../views/shared.ts';

const tag = 'sales';
/** A crowd that reloads is served by the caches in between; a second is as old as stock may look. */
const cacheable = { 'Cache-Control': 'public, max-age=1' };

const list = route({
  method: 'GET',
  path: '/sales',
  scope: 'public',
  tag,
  summary: 'Sales with what is left of them',
  description: 'May be cached for a second. Sales that are settled are not listed.',
  successes: [
    {
      status: 200,
      description: 'The sales, newest first.',
      schema: exactly({ items: Joi.array().items(publicSaleSchema) }),
      example: { items: [publicSaleExample] },
    },
  ],
  problems: [],
  async handle(engine) {
    const sales = await engine.sales.listPublic();
    return { status: 200, json: { items: sales.map(publicSaleView) }, headers: cacheable };
  },
});

const get = route({
  method: 'GET',
  path: '/sales/:saleId',
  scope: 'public',
  tag,
  summary: 'One sale with what is left of it',
  description: 'May be cached for a second.',
  successes: [{ status: 200, description: 'The sale.', schema: publicSaleSchema, example: publicSaleExample }],
  problems: ['sale_not_found'],
  async handle(engine, { params }) {
    const sale = await engine.sales.getPublic(params.saleId);
    return sale === null
      ? { problem: 'sale_not_found' }
      : { status: 200, json: publicSaleView(sale), headers: cacheable };
  },
});

export const saleRoutes: readonly Route[] = [list, get];

import Joi from 'joi';
import { type Route, route } from '../route.ts';
import { buyerId, id } from '../schemas.ts';
import {
  decisionExample,
  decisionSchema,
  decisionView,
  replayedStockExample,
  replayedStockSchema,
  replayedStockView,
} from '../views/decision.ts';
import { pageOf } from '../views/shared.ts';
import { type PageQuery, pageFields } from './orders.ts';

const tag = 'admin';

const list = route({
  method: 'GET',
  path: '/admin/sales/:saleId/decisions',
  scope: 'admin',
  tag,
  summary: 'What was decided about whom, and why, newest first',
  description:
    'From a log of bounded length that the scripts write themselves. A page may be short and still have a next one.',
  query: Joi.object<PageQuery & { buyerId?: string; holdId?: string }>({
    buyerId: buyerId(),
    holdId: id(),
    ...pageFields(),
  }),
  successes: [
    {
      status: 200,
      description: 'A page of decisions.',
      schema: pageOf(decisionSchema),
      example: { items: [decisionExample], nextCursor: null },
    },
  ],
  problems: ['sale_not_found'],
  async handle(engine, { params, query }) {
    const page = await engine.sales.decisions({ saleId: params.saleId, ...query });
    if (page === null) return { problem: 'sale_not_found' };
    return { status: 200, json: { items: page.items.map(decisionView), nextCursor: page.nextCursor } };
  },
});

const replay = route({
  method: 'GET',
  path: '/admin/sales/:saleId/decisions/stock',
  scope: 'admin',
  tag,
  summary: 'Stock replayed from the decisions, and where something else has changed it',
  successes: [{ status: 200, description: 'The replay.', schema: replayedStockSchema, example: replayedStockExample }],
  problems: ['sale_not_found'],
  async handle(engine, { params }) {
    const replayed = await engine.sales.replayStock(params.saleId);
    if (replayed === null) return { problem: 'sale_not_found' };
    return { status: 200, json: replayedStockView(replayed) };
  },
});

export const adminDecisionRoutes: readonly Route[] = [list, replay];

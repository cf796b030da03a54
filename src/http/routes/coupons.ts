import Joi from 'joi';
import type { Discount } from '../../domain/coupon.ts';
import { newId } from '../ids.ts';
import { refuse, succeed } from '../outcomes.ts';
import { type Route, route } from '../route.ts';
import { endTime, id, integer, text, time } from '../schemas.ts';
import { msOf, msOrNull } from '../time.ts';
import {
  campaignExample,
  campaignSchema,
  campaignView,
  couponExample,
  couponSchema,
  couponView,
} from '../views/coupon.ts';
import { pageOf } from '../views/shared.ts';
import { actionOf } from './admin-sales.ts';
import { type PageQuery, pageFields } from './orders.ts';

type CampaignBody = {
  campaignId?: string;
  title: string;
  quantity: number;
  opensAt: string;
  closesAt?: string | null;
  discount: Discount;
};

const discount = Joi.object({
  kind: Joi.string().valid('amount', 'percent').required(),
  value: integer(1, 1_000_000_000)
    .custom((value: number, helpers) => {
      const tooMuch = helpers.state.ancestors[0]?.kind === 'percent' && value > 100;
      return tooMuch ? helpers.error('discount.percent') : value;
    })
    .messages({ 'discount.percent': '{{#label}} must be at most 100 percent' })
    .description('Minor units for `amount`, 1 to 100 for `percent`.')
    .required(),
});

const create = route({
  method: 'POST',
  path: '/admin/coupon-campaigns',
  scope: 'admin',
  tag: 'admin',
  summary: 'Create a coupon campaign',
  body: Joi.object<CampaignBody>({
    campaignId: id().description('Made when absent.'),
    title: text(200).required(),
    quantity: integer(1, 1_000_000).required(),
    opensAt: time().required(),
    closesAt: endTime(),
    discount: discount.required(),
  }),
  idempotent: true,
  successes: [{ status: 201, description: 'The campaign.', schema: campaignSchema, example: campaignExample }],
  problems: ['campaign_exists'],
  async handle(engine, request) {
    const { body, idempotencyKey } = request;
    const action = actionOf(request);
    const campaign = {
      campaignId: body.campaignId ?? newId('campaign', { actorId: action.actorId, idempotencyKey }),
      title: body.title,
      quantity: body.quantity,
      opensAtMs: msOf(body.opensAt),
      closesAtMs: msOrNull(body.closesAt),
      discount: body.discount,
    };
    const outcome = await engine.coupons.createCampaign({ ...action, campaign });
    return outcome.status === 'created' ? succeed('created', campaignView(outcome.campaign)) : refuse(outcome);
  },
});

const issue = route({
  method: 'POST',
  path: '/coupons/:campaignId/issue',
  scope: 'buyer',
  tag: 'coupons',
  summary: 'Take a coupon, first come first served',
  description: 'One per buyer. May be repeated: a repeat answers `already_issued` with the same coupon.',
  body: Joi.object<Record<string, never>>({}),
  bodyOptional: true,
  successes: [{ status: 201, description: 'The coupon.', schema: couponSchema, example: couponExample }],
  problems: ['campaign_not_found', 'campaign_not_open', 'campaign_closed', 'already_issued', 'coupons_exhausted'],
  async handle(engine, { params, caller }) {
    const outcome = await engine.coupons.issue({ buyerId: caller.buyerId, campaignId: params.campaignId });
    return outcome.status === 'issued' ? succeed('issued', couponView(outcome.coupon)) : refuse(outcome);
  },
});

const listOwn = route({
  method: 'GET',
  path: '/coupons',
  scope: 'buyer',
  tag: 'coupons',
  summary: 'Own coupons, newest first',
  query: Joi.object<PageQuery>(pageFields()),
  successes: [
    {
      status: 200,
      description: 'A page of coupons.',
      schema: pageOf(couponSchema),
      example: { items: [couponExample], nextCursor: null },
    },
  ],
  problems: [],
  async handle(engine, { query, caller }) {
    const { items, nextCursor } = await engine.coupons.listOwn({ buyerId: caller.buyerId, ...query });
    return { status: 200, json: { items: items.map(couponView), nextCursor } };
  },
});

export const couponRoutes: readonly Route[] = [create, issue, listOwn];

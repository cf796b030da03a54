import Joi from 'joi';
import type { Coupon, CouponCampaign } from '../../domain/coupon.ts';
import { id, integer, time } from '../schemas.ts';
import { isoTime, isoTimeOrNull } from '../time.ts';
import { exactly, tickets, timeOrNull } from './shared.ts';

/** A coupon as its buyer gets it. */
export function couponView(coupon: Coupon) {
  return { couponId: coupon.couponId, campaignId: coupon.campaignId, issuedAt: isoTime(coupon.issuedAtMs) };
}

export const couponSchema = exactly({ couponId: id(), campaignId: id(), issuedAt: time() });
export const couponExample = { couponId: 'cpn_4fKd81', campaignId: 'summer', issuedAt: '2030-06-01T10:00:00.120Z' };

/** A campaign as admins see it. */
export function campaignView(campaign: CouponCampaign) {
  return {
    campaignId: campaign.campaignId,
    title: campaign.title,
    quantity: campaign.quantity,
    opensAt: isoTime(campaign.opensAtMs),
    closesAt: isoTimeOrNull(campaign.closesAtMs),
    discount: { kind: campaign.discount.kind, value: campaign.discount.value },
    createdAt: isoTime(campaign.createdAtMs),
  };
}

export const campaignSchema = exactly({
  campaignId: id(),
  title: Joi.string(),
  quantity: tickets(),
  opensAt: time(),
  closesAt: timeOrNull(),
  discount: exactly({ kind: Joi.string().valid('amount', 'percent'), value: integer(1, 1_000_000_000) }),
  createdAt: time(),
});

export const campaignExample = {
  campaignId: 'summer',
  title: 'Summer coupons',
  quantity: 1000,
  opensAt: '2030-06-01T10:00:00.000Z',
  closesAt: null,
  discount: { kind: 'percent', value: 20 },
  createdAt: '2030-05-01T09:00:00.000Z',
};

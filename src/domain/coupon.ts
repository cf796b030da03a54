/** First-come coupons: `quantity` of them, one per buyer. Times are Unix milliseconds. */
export type CouponCampaign = {
  campaignId: string;
  title: string;
  quantity: number;
  opensAtMs: number;
  closesAtMs: number | null;
  discount: Discount;
  createdAtMs: number;
};

/** `amount` in minor units, `percent` from 1 to 100. */
export type Discount = { kind: 'amount' | 'percent'; value: number };

export type Coupon = { couponId: string; campaignId: string; issuedAtMs: number };

export type CreateCampaignOutcome = { status: 'created'; campaign: CouponCampaign } | { status: 'campaign_exists' };

export type IssueCouponOutcome =
  | { status: 'issued'; coupon: Coupon }
  | { status: 'already_issued'; coupon: Coupon }
  | { status: 'coupons_exhausted' }
  | { status: 'campaign_not_open'; opensAtMs: number }
  | { status: 'campaign_closed' }
  | { status: 'campaign_not_found' };

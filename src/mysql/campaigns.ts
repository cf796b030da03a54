import { type Kysely, type Selectable, sql } from 'kysely';
import type { CouponCampaign } from '../domain/coupon.ts';
import { isDuplicate } from './errors.ts';
import type { CouponCampaignsTable, Tables, Trx } from './tables.ts';

/** A campaign with its fence. */
export type CampaignRow = CouponCampaign & { epoch: number };

/** Writes a new campaign at epoch 1. `exists`: nothing was written. */
export async function insertCampaign(trx: Trx, campaign: CouponCampaign): Promise<'inserted' | 'exists'> {
  try {
    await trx
      .insertInto('coupon_campaigns')
      .values({
        id: campaign.campaignId,
        title: campaign.title,
        quantity: campaign.quantity,
        opens_at_ms: campaign.opensAtMs,
        closes_at_ms: campaign.closesAtMs,
        discount_kind: campaign.discount.kind,
        discount_value: campaign.discount.value,
        epoch: 1,
        version: 1,
        created_at_ms: campaign.createdAtMs,
      })
      .execute();
    return 'inserted';
  } catch (error) {
    if (isDuplicate(error)) return 'exists';
    throw error;
  }
}

/** Safe to retry; throws UnavailableError, as all reads here. */
export async function findCampaign(db: Kysely<Tables>, campaignId: string): Promise<CampaignRow | null> {
  const row = await db.selectFrom('coupon_campaigns').selectAll().where('id', '=', campaignId).executeTakeFirst();
  return row ? fromRow(row) : null;
}

/** Locks the campaign until the transaction ends and reads it: rebuilds of one campaign queue up here. */
export async function lockCampaign(trx: Trx, campaignId: string): Promise<CampaignRow | null> {
  const query = trx.selectFrom('coupon_campaigns').selectAll().where('id', '=', campaignId).forUpdate();
  const row = await query.executeTakeFirst();
  return row ? fromRow(row) : null;
}

/** Campaigns that have not ended at `nowMs`, newest first. */
export async function listCampaigns(db: Kysely<Tables>, nowMs: number): Promise<CampaignRow[]> {
  const rows = await db
    .selectFrom('coupon_campaigns')
    .selectAll()
    .where(({ eb, or }) => or([eb('closes_at_ms', 'is', null), eb('closes_at_ms', '>', nowMs)]))
    .orderBy('created_at_ms', 'desc')
    .orderBy('id', 'desc')
    .execute();
  return rows.map(fromRow);
}

/** Makes the epoch of a campaign that is locked one higher and returns it. */
export async function bumpCampaignEpoch(trx: Trx, campaign: CampaignRow): Promise<number> {
  await trx
    .updateTable('coupon_campaigns')
    .set({ epoch: sql<number>`epoch + 1` })
    .where('id', '=', campaign.campaignId)
    .execute();
  return campaign.epoch + 1;
}

function fromRow(row: Selectable<CouponCampaignsTable>): CampaignRow {
  return {
    campaignId: row.id,
    title: row.title,
    quantity: row.quantity,
    opensAtMs: row.opens_at_ms,
    closesAtMs: row.closes_at_ms,
    discount: { kind: row.discount_kind, value: row.discount_value },
    epoch: row.epoch,
    createdAtMs: row.created_at_ms,
  };
}

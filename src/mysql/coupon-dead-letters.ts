import type { Kysely } from 'kysely';
import type { Tables } from './tables.ts';

export type DeadLetter = {
  entryId: string;
  campaignId: string;
  payload: string;
  error: string;
  tries: number;
  createdAtMs: number;
};

/** Keeps what could not be stored, for a person to look at; repeated, it keeps the newest error and count. */
export async function insertDeadLetter(db: Kysely<Tables>, letter: DeadLetter): Promise<void> {
  const { error, tries } = letter;
  await db
    .insertInto('coupon_dead_letters')
    .values({
      entry_id: letter.entryId,
      campaign_id: letter.campaignId,
      payload: letter.payload,
      error,
      tries,
      created_at_ms: letter.createdAtMs,
    })
    .onDuplicateKeyUpdate({ error, tries })
    .execute();
}

/** Dead letters of one campaign, oldest entry first, at most `limit`. Safe to retry. */
export async function listDeadLetters(db: Kysely<Tables>, campaignId: string, limit: number): Promise<DeadLetter[]> {
  const rows = await db
    .selectFrom('coupon_dead_letters')
    .selectAll()
    .where('campaign_id', '=', campaignId)
    .orderBy('created_at_ms')
    .orderBy('entry_id')
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    entryId: row.entry_id,
    campaignId: row.campaign_id,
    payload: row.payload,
    error: row.error,
    tries: row.tries,
    createdAtMs: row.created_at_ms,
  }));
}

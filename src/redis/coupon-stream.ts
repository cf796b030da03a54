import { InvariantError } from '../domain/errors.ts';
import type { Redis } from './connection.ts';
import { COUPON_GROUP, campaignKeys } from './coupon-keys.ts';
import { command, pipelined } from './script.ts';

/** One entry as it stands in the stream; nothing says yet that it is well-formed. */
export type StreamEntry = { entryId: string; fields: Record<string, string> };

/**
 * Entries with the run of the server and the epoch of the campaign that they were read under, null when the campaign itself
 * is gone; `no_group`: the stream or its group is gone.
 */
export type StreamRead =
  | { status: 'read'; runId: string; epoch: number | null; entries: StreamEntry[] }
  | { status: 'no_group' };

export type Reader = { campaignId: string; consumer: string; countMax: number };

type RawEntry = [entryId: string, fields: string[] | null];

/**
 * Reads entries for this consumer without waiting: new ones (`>`), or again those delivered to it after the given id and not
 * acknowledged. An answer that was lost leaves its entries delivered, so read those again after any failure.
 */
export async function readCoupons(
  redis: Redis,
  { campaignId, consumer, countMax }: Reader,
  after: string,
): Promise<StreamRead> {
  const { runId } = redis.session();
  const { campaign, stream } = campaignKeys(redis.keyPrefix, campaignId);
  const replies = await unlessNoGroup(
    pipelined(redis, (pipeline) =>
      pipeline
        .hget(campaign, 'epoch')
        .xreadgroup('GROUP', COUPON_GROUP, consumer, 'COUNT', countMax, 'STREAMS', stream, after),
    ),
  );
  if (replies === 'no_group') return { status: 'no_group' };
  const [epoch, streams] = replies as [string | null, [string, RawEntry[]][] | null];
  const [[, raw] = [stream, []]] = streams ?? [];
  return { status: 'read', runId, epoch: toEpoch(epoch), entries: raw.map(toEntry) };
}

/** Takes over entries that another consumer got `idleMs` ago or earlier and never acknowledged; '0-0' starts and ends. */
export async function claimCoupons(
  redis: Redis,
  { campaignId, consumer, countMax }: Reader,
  { idleMs, cursor }: { idleMs: number; cursor: string },
): Promise<(StreamRead & { status: 'read'; cursor: string }) | { status: 'no_group' }> {
  const { runId } = redis.session();
  const { campaign, stream } = campaignKeys(redis.keyPrefix, campaignId);
  const replies = await unlessNoGroup(
    pipelined(redis, (pipeline) =>
      pipeline.hget(campaign, 'epoch').xautoclaim(stream, COUPON_GROUP, consumer, idleMs, cursor, 'COUNT', countMax),
    ),
  );
  if (replies === 'no_group') return { status: 'no_group' };
  const [epoch, [next, raw]] = replies as [string | null, [string, RawEntry[]]];
  return { status: 'read', runId, epoch: toEpoch(epoch), cursor: next, entries: raw.map(toEntry) };
}

/**
 * Makes the group of an existing stream again, from its beginning: what was delivered before comes again. A stream that is
 * missing though the campaign is there has lost coupons, and only a rebuild finds out which.
 */
export async function reopenGroup(
  redis: Redis,
  campaignId: string,
): Promise<'opened' | 'stream_lost' | 'nothing_here'> {
  const { stream, coupons } = campaignKeys(redis.keyPrefix, campaignId);
  const [hasStream, hasCoupons] = await pipelined(redis, (pipeline) => pipeline.exists(stream).exists(coupons));
  if (hasStream === 0) return hasCoupons === 0 ? 'nothing_here' : 'stream_lost';
  await command(redis, (client) => client.xgroup('CREATE', stream, COUPON_GROUP, '0')).catch((error: unknown) => {
    if (!isReplyOf(error, 'BUSYGROUP')) throw error;
  });
  return 'opened';
}

/** The entries after `after` ('-' at first) whoever has them, at most `countMax`; fewer means the end. */
export async function scanStream(
  redis: Redis,
  { campaignId, after, countMax }: { campaignId: string; after: string; countMax: number },
): Promise<StreamEntry[]> {
  const { stream } = campaignKeys(redis.keyPrefix, campaignId);
  const from = after === '-' ? after : `(${after}`;
  const raw = await command(redis, (client) => client.xrange(stream, from, '+', 'COUNT', countMax));
  return raw.map(toEntry);
}

/** How many issued coupons of these campaigns are not in MySQL yet: delivered or not, for what is stored is deleted. */
export async function couponLag(redis: Redis, campaignIds: readonly string[]): Promise<number> {
  if (campaignIds.length === 0) return 0;
  const lengths = await pipelined(redis, (pipeline) => {
    for (const campaignId of campaignIds) pipeline.xlen(campaignKeys(redis.keyPrefix, campaignId).stream);
  });
  return lengths.reduce<number>((sum, length) => sum + Number(length), 0);
}

function toEpoch(epoch: string | null): number | null {
  return epoch === null ? null : Number(epoch);
}

function toEntry([entryId, flat]: RawEntry): StreamEntry {
  const fields: Record<string, string> = {};
  // Deleted meanwhile by somebody's hand: an entry without fields.
  for (let at = 0; at < (flat?.length ?? 0); at += 2) fields[flat?.[at] as string] = flat?.[at + 1] as string;
  return { entryId, fields };
}

async function unlessNoGroup<T>(reply: Promise<T>): Promise<T | 'no_group'> {
  try {
    return await reply;
  } catch (error) {
    if (isReplyOf(error, 'NOGROUP')) return 'no_group';
    throw error;
  }
}

/** Whether an error, translated one way or the other, was the server's answer with this code. */
function isReplyOf(error: unknown, code: string): boolean {
  const { cause } = error as { cause?: unknown };
  const message = error instanceof InvariantError ? error.state.message : cause instanceof Error ? cause.message : '';
  return String(message).replace(/^-/, '').startsWith(code);
}

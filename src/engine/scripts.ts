import { type Aborting, type AbortReply, abortConfirms } from '../redis/abort-confirms.ts';
import { type Beginning, type BeginReply, beginConfirms } from '../redis/begin-confirms.ts';
import { type Coalesced, coalesce } from '../redis/coalesce.ts';
import { type Finishing, type FinishReply, finishConfirms } from '../redis/finish-confirms.ts';
import { type PlaceReply, type Placing, placeHolds } from '../redis/place-holds.ts';
import type { Context } from './context.ts';
import { memoryOf } from './memory.ts';

/** The scripts of the hot path, coalesced per sale: many callers of one turn share one EVALSHA. */
export type HotScripts = {
  place(saleId: string, item: Placing): Promise<PlaceReply>;
  begin(saleId: string, item: Beginning): Promise<BeginReply>;
  abort(saleId: string, item: Aborting): Promise<AbortReply>;
  finish: Coalesced<Finishing, FinishReply>;
};

/** Binds the hot scripts to this process's connection and limits. */
export function createHotScripts(context: Pick<Context, 'config' | 'redis'>): HotScripts {
  const { config, redis } = context;
  const { placeLinesMax, confirmLinesMax } = config.batch;
  const { leaseMs, graceMs, graceMaxMs, bucketMs, inlineExpireMax } = config.hold;
  const placing = { bucketMs, inlineExpireMax, ...memoryOf(context) };
  const beginning = { leaseMs, graceMaxMs, ...memoryOf(context) };
  return {
    place: coalesce<Placing, PlaceReply>({
      run: (saleId, items) => placeHolds(redis, { saleId, items, options: placing }),
      weigh: (item) => item.lines.length,
      weightMax: placeLinesMax,
    }),
    begin: coalesce<Beginning, BeginReply>({
      run: (saleId, items) => beginConfirms(redis, { saleId, items, options: beginning }),
      weigh: () => 1,
      weightMax: confirmLinesMax,
    }),
    abort: coalesce<Aborting, AbortReply>({
      run: (saleId, items) => abortConfirms(redis, { saleId, items, options: { graceMs, graceMaxMs } }),
      weigh: () => 1,
      weightMax: confirmLinesMax,
    }),
    finish: coalesce<Finishing, FinishReply>({
      run: (saleId, items) => finishConfirms(redis, { saleId, items }),
      weigh: (item) => item.lines.length,
      weightMax: confirmLinesMax,
    }),
  };
}

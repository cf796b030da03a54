import { setTimeout as sleep } from 'node:timers/promises';
import { isUnknown } from './history.ts';
import type { Market, MarketSale } from './market.ts';
import { type Random, randomOf } from './random.ts';
import type { Recorder, Wish } from './recorder.ts';

const adminId = 'meddler';
const triesMax = 4;

/** An admin who now and then pauses, changes capacities and resyncs in the middle of it all, until `signal`. */
export async function meddle(input: {
  recorder: Recorder;
  market: Market;
  seed: number;
  schedule: number;
  signal: AbortSignal;
}): Promise<void> {
  const { market, signal } = input;
  const random = randomOf(input.seed, input.schedule, 'meddler');
  for (let turn = 0; ; turn += 1) {
    const pauseMs = random.whole(300, 1500);
    // The end of the load is no failure of the waiting.
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    const sale = random.pick([market.scarce, market.plenty]);
    await deed(input.recorder, sale, random, `${sale.saleId}-${turn}`);
  }
}

async function deed(recorder: Recorder, sale: MarketSale, random: Random, name: string): Promise<void> {
  const wish = { subject: sale.saleId, buyerId: adminId };
  const { ticketTypeId } = random.pick(sale.ticketTypes);
  const dice = random.next();
  const pauseMs = random.whole(50, 300);
  const delta = random.whole(1, 4);
  const sign = random.chance(0.5) ? 1 : -1;
  if (dice < 0.4) return insist(recorder, random, { ...wish, kind: 'resync', key: name });
  if (dice < 0.75) {
    return insist(recorder, random, { ...wish, kind: 'capacity', key: name, ticketTypeId, delta: sign * delta });
  }
  await insist(recorder, random, { ...wish, kind: 'pause', key: `${name}-pause` });
  await sleep(pauseMs);
  await insist(recorder, random, { ...wish, kind: 'resume', key: `${name}-resume` });
}

/** Repeats under the same key while the answer is open. */
async function insist(recorder: Recorder, random: Random, wish: Omit<Wish, 'server'>): Promise<void> {
  for (let tries = 0; tries < triesMax; tries += 1) {
    const { request } = await recorder.send({ ...wish, server: random.whole(0, 1) });
    if (!isUnknown(request)) return;
    await sleep(random.whole(100, 300));
  }
}

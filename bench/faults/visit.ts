import { setTimeout as sleep } from 'node:timers/promises';
import { isGranted, isUnknown, type Request } from './history.ts';
import { type Market, wantedLines } from './market.ts';
import { type Random, randomOf } from './random.ts';
import type { Hold, Recorder } from './recorder.ts';

/** What one visitor will do; all of it is decided before the first request, whatever the answers are. */
type Intent = {
  fate: 'buy' | 'buy twice at once' | 'give back' | 'buy and give back' | 'walk away';
  isKeyed: boolean;
  replays: boolean;
  thinkMs: number;
  repeatAfterMs: number;
  repeats: boolean;
  /** How often an unknown answer is asked about again. */
  persistence: number;
  changesMind: boolean;
};

type Visit = { recorder: Recorder; random: Random; intent: Intent; server: number; buyerId: string; saleId: string };

/** One visitor of the market: holds tickets and then does what people do. Settles when the visit is over. */
export async function visit(input: {
  recorder: Recorder;
  market: Market;
  seed: number;
  schedule: number;
  visitor: number;
}) {
  const { recorder, market, seed, schedule, visitor } = input;
  const random = randomOf(seed, schedule, 'visit', visitor);
  if (random.chance(0.08)) return takeCoupon(recorder, market, random, visitor);
  const sale = random.chance(0.35) ? market.scarce : market.plenty;
  const buyerId = `buyer-${random.whole(1, sale.buyers)}`;
  const intent = intentOf(random, sale.holdTtlSeconds * 1000);
  const it: Visit = { recorder, random, intent, server: visitor, buyerId, saleId: sale.saleId };
  const key = intent.isKeyed ? `key-${visitor}` : null;
  const wish = { kind: 'reserve', subject: sale.saleId, buyerId, key, lines: wantedLines(sale, random) } as const;
  const reserve = () => recorder.send({ ...wish, server: it.server++ });

  const held = await persist(it, reserve, key === null ? 0 : intent.persistence);
  const hold = holdOf(held.answer.body, wish.lines);
  if (!isGranted(held.request) || hold === null) return;
  if (key !== null && intent.replays) await reserve();
  await sleep(intent.thinkMs);
  await act(it, hold);
  if (key !== null && intent.replays && random.chance(0.5)) await reserve();
}

function intentOf(random: Random, holdTtlMs: number): Intent {
  const dice = random.next();
  const fate =
    dice < 0.55
      ? 'buy'
      : dice < 0.65
        ? 'buy twice at once'
        : dice < 0.78
          ? 'give back'
          : dice < 0.85
            ? 'buy and give back'
            : 'walk away';
  return {
    fate,
    isKeyed: random.chance(0.5),
    replays: random.chance(0.2),
    // Some come just when the hold lapses, and some too late.
    thinkMs: random.chance(0.15) ? holdTtlMs + random.whole(-150, 250) : random.whole(0, holdTtlMs * 0.6),
    repeatAfterMs: random.whole(0, 1500),
    repeats: random.chance(0.3),
    persistence: random.whole(0, 5),
    changesMind: random.chance(0.3),
  };
}

async function act(it: Visit, hold: Hold): Promise<void> {
  const { intent, random } = it;
  const ask = (kind: 'confirm' | 'release') => () =>
    it.recorder.send({ kind, subject: it.saleId, buyerId: it.buyerId, server: it.server++, hold });
  const [confirm, release] = [ask('confirm'), ask('release')];
  switch (intent.fate) {
    case 'walk away':
      return;
    case 'buy':
      await persist(it, confirm, intent.persistence);
      break;
    case 'buy twice at once':
      await Promise.all([persist(it, confirm, intent.persistence), confirm()]);
      break;
    case 'give back':
      await persist(it, release, intent.persistence);
      break;
    case 'buy and give back':
      await Promise.all([persist(it, confirm, intent.persistence), sleep(random.whole(0, 20)).then(release)]);
      break;
  }
  if (!intent.repeats) return;
  await sleep(intent.repeatAfterMs);
  const repeat = (intent.fate === 'give back') === intent.changesMind ? confirm : release;
  await persist(it, repeat, 1);
}

/** Asks again while the answer is open, each time the next server. */
async function persist<T extends { request: Request }>(it: Visit, ask: () => Promise<T>, tries: number): Promise<T> {
  let result = await ask();
  for (let left = tries; left > 0 && isUnknown(result.request); left -= 1) {
    await sleep(it.random.whole(100, 400));
    result = await ask();
  }
  return result;
}

async function takeCoupon(recorder: Recorder, { campaign }: Market, random: Random, visitor: number): Promise<void> {
  const wish = { kind: 'issue', subject: campaign.campaignId, buyerId: `collector-${random.whole(1, 60)}` } as const;
  const { request } = await recorder.send({ ...wish, server: visitor });
  if (!isUnknown(request) && random.chance(0.6)) return;
  await sleep(random.whole(100, 900));
  await recorder.send({ ...wish, server: visitor + 1 });
}

function holdOf(body: Record<string, unknown> | null, lines: Hold['lines']): Hold | null {
  const { holdId, token, expiresAt } = body ?? {};
  if (typeof holdId !== 'string' || typeof token !== 'string' || typeof expiresAt !== 'string') return null;
  return { holdId, token, expiresAt, lines };
}

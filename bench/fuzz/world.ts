import { signToken } from '../../scripts/sign-token.ts';

/** Somebody with an access token. */
export type Person = { sub: string; bearer: string };

export type WorldHold = { holdId: string; token: string; buyer: Person };
export type WorldOrder = { orderId: string; holdId: string; token: string; buyer: Person };

/** What there is for requests to speak of: made over HTTP, and known to be good. */
export type World = {
  secret: string;
  admin: Person;
  /** Has a valid token and nothing else. */
  stranger: Person;
  saleId: string;
  ticketTypeIds: readonly string[];
  buyerTicketsMax: number;
  campaignId: string;
  /** Live for a day. */
  holds: readonly WorldHold[];
  orders: readonly WorldOrder[];
  /** A hold that was given back, and one whose time is over; both are settled in both stores. */
  released: WorldHold;
  expired: WorldHold;
  /** Sales that take no holds now, each with the code that says why. */
  shutSales: readonly { saleId: string; code: string }[];
  shutCampaigns: readonly { campaignId: string; code: string }[];
  /** A real cursor for every list that gave one, by the path it was asked at. */
  cursors: ReadonlyMap<string, string>;
  /** A key that the admin has used to create a sale, and one that the first buyer has used to reserve. */
  usedKeys: { admin: string; buyer: Person & { key: string } };
};

const ttlSeconds = 3 * 3600;
const dayMs = 86_400_000;
const buyerTicketsMax = 100;
const capacity = 100_000;

type Ask = (method: string, path: string, as: Person, input?: { body?: unknown; key?: string }) => Promise<Json>;
type Json = Record<string, unknown>;

/** Makes a world of `holdCount` holds and as many orders. Throws when the engine refuses any of it. */
export async function makeWorld(
  baseUrl: string,
  { secret, name, holdCount }: { secret: string; name: string; holdCount: number },
): Promise<World> {
  const person = (sub: string, scope?: string) => ({ sub, bearer: signToken({ secret, sub, scope, ttlSeconds }) });
  const admin = person(`${name}-admin`, 'admin');
  const ask = asker(baseUrl);
  const usedKeys = { admin: `${name}-sale`, buyer: { ...person(`${name}-keyed`), key: `${name}-reserve` } };
  const ticketTypeIds = ['ga', 'vip'];
  const sales = salesOf(name, ticketTypeIds);
  await ask('POST', '/admin/sales', admin, { body: sales.open, key: usedKeys.admin });
  for (const shut of [sales.later, sales.paused, sales.closed])
    await ask('POST', '/admin/sales', admin, { body: shut });
  await ask('POST', `/admin/sales/${sales.paused.saleId}/pause`, admin, { body: { reason: 'paused' } });
  await ask('POST', `/admin/sales/${sales.closed.saleId}/close`, admin, { body: { reason: 'closed' } });
  const campaigns = campaignsOf(name);
  for (const campaign of Object.values(campaigns))
    await ask('POST', '/admin/coupon-campaigns', admin, { body: campaign });

  const { saleId } = sales.open;
  const hold = async (buyer: Person, key?: string, sale = saleId): Promise<WorldHold> => {
    const body = { saleId: sale, lines: [{ ticketTypeId: 'ga', quantity: 1 }] };
    const { holdId, token } = await ask('POST', '/purchase/reserve', buyer, {
      body,
      ...(key === undefined ? {} : { key }),
    });
    return { holdId: String(holdId), token: String(token), buyer };
  };
  await hold(usedKeys.buyer, usedKeys.buyer.key);
  const people = Array.from({ length: holdCount }, (_, i) => person(`${name}-buyer-${i}`));
  const holds = await inTurn(people, async (buyer) => hold(buyer));
  const orders = await inTurn(people, async (buyer): Promise<WorldOrder> => {
    const bought = await hold(buyer);
    const order = await ask('POST', '/purchase/confirm', buyer, { body: { token: bought.token } });
    return { ...bought, orderId: String(order['orderId']) };
  });
  await inTurn([...people.slice(0, 2)], (buyer) => ask('POST', `/coupons/${campaigns.open.campaignId}/issue`, buyer));

  return {
    ...{ secret, admin, stranger: person(`${name}-stranger`), saleId, ticketTypeIds, buyerTicketsMax, holds, orders },
    ...{ campaignId: campaigns.open.campaignId, usedKeys },
    ...(await endedHolds({ ask, admin, hold, name, person })),
    shutSales: [
      { saleId: sales.later.saleId, code: 'sale_not_open' },
      { saleId: sales.paused.saleId, code: 'sale_paused' },
      { saleId: sales.closed.saleId, code: 'sale_closed' },
    ],
    shutCampaigns: [{ campaignId: campaigns.later.campaignId, code: 'campaign_not_open' }],
    cursors: await readCursors(ask, { admin, buyer: people[0] as Person, saleId }),
  };
}

function salesOf(name: string, ticketTypeIds: string[]) {
  const sale = (kind: string, opensAtMs: number) => ({
    saleId: `${name}-${kind}`,
    title: 'A sale to be abused',
    currency: 'EUR',
    opensAt: new Date(opensAtMs).toISOString(),
    holdTtlSeconds: dayMs / 1000,
    buyerTicketsMax,
    ticketTypes: ticketTypeIds.map((id) => ({ ticketTypeId: id, name: id, priceMinor: 4500, capacity })),
  });
  const nowMs = Date.now();
  return {
    open: sale('open', nowMs - dayMs),
    later: sale('later', nowMs + dayMs),
    paused: sale('paused', nowMs - dayMs),
    closed: sale('closed', nowMs - dayMs),
  };
}

function campaignsOf(name: string) {
  const campaign = (kind: string, opensAtMs: number) => ({
    campaignId: `${name}-${kind}`,
    title: 'A campaign to be abused',
    quantity: 100_000,
    opensAt: new Date(opensAtMs).toISOString(),
    discount: { kind: 'percent', value: 10 },
  });
  return { open: campaign('coupons', Date.now() - dayMs), later: campaign('coupons-later', Date.now() + dayMs) };
}

const expiredAfterMs = 1500;

/** One hold given back and one run out; both are asked for once more, which is when the stores agree about them for ever. */
async function endedHolds(input: {
  ask: Ask;
  admin: Person;
  hold: (buyer: Person, key?: string, sale?: string) => Promise<WorldHold>;
  name: string;
  person: (sub: string) => Person;
}): Promise<{ released: WorldHold; expired: WorldHold }> {
  const { ask, admin, hold, name, person } = input;
  const brief = { ...salesOf(name, ['ga']).open, saleId: `${name}-brief`, holdTtlSeconds: 1 };
  await ask('POST', '/admin/sales', admin, { body: brief });
  const released = await hold(person(`${name}-released`));
  await ask('POST', '/purchase/release', released.buyer, { body: { token: released.token } });
  const expired = await hold(person(`${name}-expired`), undefined, brief.saleId);
  await new Promise((resolve) => setTimeout(resolve, expiredAfterMs));
  for (const { token, buyer } of [released, expired]) {
    const refused = await ask('POST', '/purchase/confirm', buyer, { body: { token } }).catch(() => null);
    if (refused !== null) throw new Error('a hold that had ended was confirmed');
  }
  return { released, expired };
}

async function readCursors(
  ask: Ask,
  { admin, buyer, saleId }: { admin: Person; buyer: Person; saleId: string },
): Promise<Map<string, string>> {
  const lists: [path: string, target: string, as: Person][] = [
    ['/orders', '/orders', buyer],
    ['/admin/orders', '/admin/orders', admin],
    ['/admin/sales', '/admin/sales', admin],
    ['/admin/sales/{saleId}/holds', `/admin/sales/${saleId}/holds`, admin],
    ['/admin/audit', '/admin/audit', admin],
  ];
  const cursors = new Map<string, string>();
  for (const [path, target, as] of lists) {
    const { nextCursor } = await ask('GET', `${target}?limit=1`, as);
    if (typeof nextCursor === 'string') cursors.set(path, nextCursor);
  }
  return cursors;
}

function asker(baseUrl: string): Ask {
  return async (method, path, as, { body, key } = {}) => {
    const response = await fetch(`${baseUrl}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${as.bearer}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(key === undefined ? {} : { 'idempotency-key': key }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(20_000),
    });
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${await response.text()}`);
    return (await response.json()) as Json;
  };
}

/** One after the other, so that a world is made in the same order every time. */
async function inTurn<From, To>(items: readonly From[], make: (item: From) => Promise<To>): Promise<To[]> {
  const made: To[] = [];
  for (const item of items) made.push(await make(item));
  return made;
}

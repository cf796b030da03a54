import fc from 'fast-check';
import type { Mutation, Scene, Spoilt } from './bad.ts';
import { callOf, type Draft } from './draft.ts';
import type { World } from './world.ts';

type Fields = Record<string, unknown>;

const at =
  (...paths: string[]): Mutation['applies'] =>
  ({ path, method }) =>
    paths.includes(`${method} ${path}`);

/** The draft with other fields in its body, or another caller and so on, and what has to be said to that. */
const told = (draft: Draft, changes: Partial<Draft>, code: string): Spoilt => ({
  call: callOf({ ...draft, ...changes }),
  expected: [code],
});
const bodied = (draft: Draft, fields: Fields, code: string): Spoilt =>
  told(draft, { body: { ...draft.body, ...fields } }, code);

const codeOfMissing: Record<string, string> = {
  saleId: 'sale_not_found',
  campaignId: 'campaign_not_found',
  holdId: 'hold_not_found',
  orderId: 'order_not_found',
  ticketTypeId: 'ticket_type_not_found',
};

const unknownId = fc.stringMatching(/^[A-Za-z0-9_-]{20,64}$/);

/** Tokens of holds that this service never signed, or not for what they say. */
function forgedReceipts(world: World): string[] {
  const { token } = world.holds[0] as World['holds'][number];
  const [version = '', body = '', signature = ''] = token.split('.');
  const receipt = JSON.parse(Buffer.from(body, 'base64url').toString()) as unknown[];
  const changed = (index: number, value: unknown) => {
    const parts = receipt.with(index, value);
    return `${version}.${Buffer.from(JSON.stringify(parts)).toString('base64url')}.${signature}`;
  };
  const tampered = [world.saleId, 'h', world.stranger.sub, 'USD', 0, 2 ** 52, [['ga', 1000, 0]]].map((value, index) =>
    changed(index, value),
  );
  return [
    ...tampered.filter((one) => one !== token),
    `h2.${body}.${signature}`,
    `H1.${body}.${signature}`,
    `${version}.${body}`,
    `${version}.${body}.`,
    `${version}.${body}.${signature.slice(0, -1)}`,
    `${version}.${body}.${signature}=`,
    `${version}.${body}=.${signature}`,
    `${token}.${signature}`,
    ` ${token}`,
    `${token}\n`,
    token.toUpperCase(),
    world.stranger.bearer,
    'h1..',
    '..',
    'x'.repeat(8192),
  ];
}

const byToken = at('POST /purchase/confirm', 'POST /purchase/release');

/** Requests that any schema would let through, and that must be refused for what they mean. */
export const meaningMutations: readonly Mutation[] = [
  {
    name: 'meaning: an id that nothing has',
    weight: 3,
    applies: ({ params }) => params.length > 0,
    spoil: (draft) =>
      fc.tuple(fc.constantFrom(...draft.operation.params), unknownId).map(([{ name }, id]) => {
        return told(draft, { params: { ...draft.params, [name]: id } }, codeOfMissing[name] ?? 'none');
      }),
  },
  {
    name: 'meaning: what belongs to somebody else',
    weight: 3,
    applies: at(
      'POST /purchase/confirm',
      'POST /purchase/release',
      'GET /purchase/holds/{holdId}',
      'GET /orders/{orderId}',
    ),
    spoil: (draft, { world }) => {
      const { path } = draft.operation;
      const code = path.startsWith('/orders')
        ? 'order_not_found'
        : path.endsWith('}')
          ? 'hold_not_found'
          : 'not_your_hold';
      return fc.constantFrom(world.stranger, world.admin).map((caller) => told(draft, { caller }, code));
    },
  },
  {
    name: 'meaning: a forged hold token',
    weight: 4,
    applies: byToken,
    spoil: (draft, { world }) =>
      fc.constantFrom(...forgedReceipts(world)).map((token) => bodied(draft, { token }, 'invalid_token')),
  },
  {
    name: 'meaning: a hold token that has had its day',
    weight: 2,
    applies: byToken,
    spoil: (draft, { world }) => fc.constantFrom(...staleTokens(draft, world)),
  },
  {
    name: 'meaning: a reserve that the sale refuses',
    weight: 3,
    applies: at('POST /purchase/reserve'),
    spoil: (draft, { world }) => fc.oneof(fc.constantFrom(...refusedReserves(draft, world)), unknownReserve(draft)),
  },
  {
    name: 'meaning: a campaign that is shut',
    weight: 1,
    applies: at('POST /coupons/{campaignId}/issue'),
    spoil: (draft, { world }) =>
      fc
        .constantFrom(...world.shutCampaigns)
        .map(({ campaignId, code }) => told(draft, { params: { campaignId } }, code)),
  },
  {
    name: 'meaning: times that cannot be',
    weight: 2,
    applies: at('POST /admin/sales', 'PATCH /admin/sales/{saleId}', 'POST /admin/coupon-campaigns'),
    spoil: (draft) =>
      fc.constantFrom(
        ...['2030-02-30T00:00:00Z', '2029-02-29T00:00:00.000Z', '2030-13-01T00:00:00Z', '1969-12-31T23:59:59Z'].map(
          (opensAt) => bodied(draft, { opensAt }, 'invalid_request'),
        ),
        bodied(draft, { opensAt: '2030-01-01T00:00:00Z', closesAt: '2030-01-01T00:00:00Z' }, 'invalid_request'),
        bodied(draft, { opensAt: '2030-01-01T00:00:00Z', closesAt: '2029-12-31T23:59:59.999Z' }, 'invalid_request'),
      ),
  },
  {
    name: 'meaning: what an admin may not do',
    weight: 3,
    applies: at(
      'POST /admin/sales',
      'POST /admin/coupon-campaigns',
      'PATCH /admin/sales/{saleId}',
      'POST /admin/sales/{saleId}/ticket-types/{ticketTypeId}/capacity',
      'POST /admin/sales/{saleId}/pause',
    ),
    spoil: (draft, scene) => fc.constantFrom(...refusedAdmin(draft, scene)),
  },
];

function staleTokens(draft: Draft, world: World): Spoilt[] {
  const confirms = draft.operation.path.endsWith('/confirm');
  const { expired, released, orders } = world;
  const stale = (hold: { token: string; buyer: World['admin'] }, code: string) =>
    told(draft, { caller: hold.buyer, body: { token: hold.token } }, code);
  const ended = [stale(expired, 'hold_expired')];
  if (confirms) return [...ended, stale(released, 'hold_released')];
  return [...ended, ...orders.slice(0, 3).map((order) => stale(order, 'already_confirmed'))];
}

function refusedReserves(draft: Draft, world: World): Spoilt[] {
  const line = (quantity: number, ticketTypeId = 'ga') => ({ ticketTypeId, quantity });
  const { buyer } = world.usedKeys;
  return [
    ...world.shutSales.map(({ saleId, code }) => bodied(draft, { saleId }, code)),
    bodied(draft, { lines: [line(world.buyerTicketsMax + 1)] }, 'limit_reached'),
    bodied(draft, { lines: [line(1000), line(1000, 'vip')] }, 'limit_reached'),
    bodied(draft, { lines: [line(1), line(1)] }, 'invalid_request'),
    bodied(draft, { lines: [line(1), line(1, 'nothing')] }, 'ticket_type_not_found'),
    told(
      draft,
      { caller: buyer, key: buyer.key, body: { saleId: world.saleId, lines: [line(3)] } },
      'idempotency_mismatch',
    ),
  ];
}

function unknownReserve(draft: Draft): fc.Arbitrary<Spoilt> {
  return unknownId.map((saleId) => bodied(draft, { saleId }, 'sale_not_found'));
}

function refusedAdmin(draft: Draft, { world }: Scene): Spoilt[] {
  const { path, method } = draft.operation;
  const reused = told(draft, { key: world.usedKeys.admin }, 'idempotency_mismatch');
  if (path === '/admin/sales') {
    const type = { name: 'a', priceMinor: 1, capacity: 1, ticketTypeId: 'a' };
    const exists = told(draft, { key: null, body: { ...draft.body, saleId: world.saleId } }, 'sale_exists');
    return [reused, exists, bodied(draft, { ticketTypes: [type, type] }, 'invalid_request')];
  }
  if (path === '/admin/coupon-campaigns') {
    const percent = { kind: 'percent', value: 101 };
    const exists = told(draft, { key: null, body: { ...draft.body, campaignId: world.campaignId } }, 'campaign_exists');
    return [reused, exists, bodied(draft, { discount: percent }, 'invalid_request')];
  }
  if (method === 'PATCH') {
    const window = { closesAt: '1999-01-01T00:00:00Z' };
    return [reused, told(draft, { key: null, body: window }, 'invalid_request')];
  }
  if (path.endsWith('/pause')) {
    const closed = world.shutSales.find(({ code }) => code === 'sale_closed')?.saleId ?? '';
    return [reused, told(draft, { key: null, params: { saleId: closed } }, 'sale_closed')];
  }
  return [
    reused,
    bodied({ ...draft, key: null }, { delta: 0 }, 'invalid_request'),
    bodied({ ...draft, key: null }, { delta: -1_000_000 }, 'capacity_in_use'),
  ];
}

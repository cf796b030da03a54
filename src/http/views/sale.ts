import Joi from 'joi';
import { assert } from '../../domain/errors.ts';
import { type PublicSale, type Sale, saleStatus } from '../../domain/sale.ts';
import { currency, id, integer, time } from '../schemas.ts';
import { isoTime, isoTimeOrNull } from '../time.ts';
import { exactly, minor, tickets, timeOrNull } from './shared.ts';

const status = () => Joi.string().valid('scheduled', 'open', 'paused', 'closed');

function rulesView(sale: Sale) {
  return {
    saleId: sale.saleId,
    title: sale.title,
    currency: sale.currency,
    opensAt: isoTime(sale.opensAtMs),
    closesAt: isoTimeOrNull(sale.closesAtMs),
    holdTtlSeconds: sale.holdTtlMs / 1000,
    buyerTicketsMax: sale.buyerTicketsMax,
    orderTicketsMax: sale.orderTicketsMax,
  };
}

const rulesFields = {
  saleId: id(),
  title: Joi.string(),
  currency: currency(),
  opensAt: time(),
  closesAt: timeOrNull(),
  holdTtlSeconds: Joi.number().min(0),
  buyerTicketsMax: tickets(),
  orderTicketsMax: tickets().allow(null),
};

const rulesExample = {
  saleId: 'spring-gala',
  title: 'Spring gala',
  currency: 'EUR',
  opensAt: '2030-06-01T10:00:00.000Z',
  closesAt: null,
  holdTtlSeconds: 300,
  buyerTicketsMax: 4,
  orderTicketsMax: null,
};

/** A sale as buyers see it; a count below zero, which may stand for a moment, is shown as 0. */
export function publicSaleView(sale: PublicSale) {
  const stocks = new Map(sale.stock.map((stock) => [stock.ticketTypeId, stock]));
  return {
    ...rulesView(sale),
    status: sale.status,
    serverTime: isoTime(sale.serverTimeMs),
    ticketTypes: sale.ticketTypes.map(({ ticketTypeId, name, priceMinor }) => {
      const stock = stocks.get(ticketTypeId);
      assert(stock, 'a ticket type of a public sale has no stock', { saleId: sale.saleId, ticketTypeId });
      const soldOut = stock.available + stock.held <= 0;
      return { ticketTypeId, name, priceMinor, available: Math.max(0, stock.available), soldOut };
    }),
  };
}

export const publicSaleSchema = exactly({
  ...rulesFields,
  status: status(),
  serverTime: time(),
  ticketTypes: Joi.array().items(
    exactly({
      ticketTypeId: id(),
      name: Joi.string(),
      priceMinor: minor(),
      available: tickets(),
      soldOut: Joi.boolean().description('Nothing is available and no hold could bring any back.'),
    }),
  ),
});

export const publicSaleExample = {
  ...rulesExample,
  status: 'open',
  serverTime: '2030-06-01T10:01:00.000Z',
  ticketTypes: [{ ticketTypeId: 'ga', name: 'General admission', priceMinor: 4500, available: 73, soldOut: false }],
};

/** A sale as admins see it. `status` is by this server's clock; the gate itself goes by that of Redis. */
export function adminSaleView(sale: Sale) {
  return {
    ...rulesView(sale),
    status: saleStatus(sale, Date.now()),
    paused: sale.paused,
    closedAt: isoTimeOrNull(sale.closedAtMs),
    ticketTypes: sale.ticketTypes.map(({ ticketTypeId, name, priceMinor, capacity }) => ({
      ticketTypeId,
      name,
      priceMinor,
      capacity,
    })),
    createdAt: isoTime(sale.createdAtMs),
  };
}

export const adminSaleSchema = exactly({
  ...rulesFields,
  status: status(),
  paused: Joi.boolean(),
  closedAt: timeOrNull(),
  ticketTypes: Joi.array().items(
    exactly({ ticketTypeId: id(), name: Joi.string(), priceMinor: minor(), capacity: tickets() }),
  ),
  createdAt: time(),
});

export const adminSaleExample = {
  ...rulesExample,
  status: 'scheduled',
  paused: false,
  closedAt: null,
  ticketTypes: [{ ticketTypeId: 'ga', name: 'General admission', priceMinor: 4500, capacity: 100 }],
  createdAt: '2030-05-01T09:00:00.000Z',
};

const count = () => integer(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
const counts = () => exactly({ available: count(), held: count(), sold: count() });

export const stockSchema = exactly({
  ticketTypes: Joi.array().items(
    exactly({
      ticketTypeId: id(),
      capacity: count(),
      available: count().description('Below zero for a moment after a forgotten sale was found again.'),
      held: count(),
      sold: count(),
      soldInMysql: count(),
      capacityInMysql: count(),
      balanced: Joi.boolean().description('capacity = available + held + sold, and both stores agree.'),
    }),
  ),
});

export const resyncSchema = exactly({
  applied: Joi.boolean(),
  ticketTypes: Joi.array().items(
    exactly({
      ticketTypeId: id(),
      before: counts(),
      after: counts(),
      drift: count().description('after.available − before.available'),
    }),
  ),
});

export const capacitySchema = exactly({
  ticketTypeId: id(),
  before: exactly({ capacity: tickets() }),
  after: exactly({ capacity: tickets() }),
});

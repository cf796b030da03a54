import Joi from 'joi';
import type { AdminHold, HeldTicket, Hold, OwnHold } from '../../domain/hold.ts';
import { buyerId, id, integer, time } from '../schemas.ts';
import { isoTime } from '../time.ts';
import { exactly, linesView, moneyExample, moneyFields } from './shared.ts';

const statuses = ['held', 'confirming', 'sold', 'released', 'expired'];
const token = () => Joi.string().description('The signed receipt; needed to confirm or release.');

/** The states that a hold can be in. */
export const holdStatus = () => Joi.string().valid(...statuses);

/** What a reserve answers. `serverTime` is when the hold was placed, so that a replay has the same body. */
export function reservedView(hold: HeldTicket) {
  return {
    holdId: hold.holdId,
    token: hold.token,
    expiresAt: isoTime(hold.expiresAtMs),
    serverTime: isoTime(hold.placedAtMs),
    lines: linesView(hold.lines),
    totalMinor: hold.totalMinor,
    currency: hold.currency,
  };
}

export const reservedSchema = exactly({
  holdId: id(),
  token: token(),
  expiresAt: time(),
  serverTime: time(),
  ...moneyFields(),
});

export const reservedExample = {
  holdId: 'q1Zr8mX0TnS4aVb7Yc2dEw',
  token: 'h1.eyJ2IjoxfQ.c2lnbmF0dXJl',
  expiresAt: '2030-06-01T10:05:00.000Z',
  serverTime: '2030-06-01T10:00:00.000Z',
  ...moneyExample,
};

/** A hold as its own buyer reads it. */
export function ownHoldView(hold: OwnHold) {
  return {
    holdId: hold.holdId,
    saleId: hold.saleId,
    status: hold.status,
    token: hold.token,
    orderId: hold.orderId,
    placedAt: isoTime(hold.placedAtMs),
    expiresAt: isoTime(hold.expiresAtMs),
    lines: linesView(hold.lines),
    totalMinor: hold.totalMinor,
    currency: hold.currency,
  };
}

const ownHoldFields = {
  holdId: id(),
  saleId: id(),
  status: holdStatus(),
  token: token().allow(null).description('There while the hold is live.'),
  orderId: id().allow(null).description('There once the hold is sold.'),
  placedAt: time(),
  expiresAt: time(),
  ...moneyFields(),
};
export const ownHoldListSchema = exactly({ items: Joi.array().items(exactly(ownHoldFields)), serverTime: time() });
export const ownHoldSchema = exactly({ ...ownHoldFields, serverTime: time() });

const ownHold = {
  holdId: reservedExample.holdId,
  saleId: 'spring-gala',
  status: 'held',
  token: reservedExample.token,
  orderId: null,
  placedAt: reservedExample.serverTime,
  expiresAt: reservedExample.expiresAt,
  ...moneyExample,
};
export const ownHoldListExample = { items: [ownHold], serverTime: '2030-06-01T10:01:00.000Z' };
export const ownHoldExample = { ...ownHold, serverTime: '2030-06-01T10:01:00.000Z' };

/** A hold as Redis keeps it, for admins. */
export function adminHoldView(hold: Hold) {
  return {
    holdId: hold.holdId,
    saleId: hold.saleId,
    buyerId: hold.buyerId,
    status: hold.status,
    lines: hold.lines.map(({ ticketTypeId, quantity }) => ({ ticketTypeId, quantity })),
    placedAt: isoTime(hold.placedAtMs),
    expiresAt: isoTime(hold.expiresAtMs),
    deadline: isoTime(hold.deadlineMs),
  };
}

export const adminHoldSchema = exactly({
  holdId: id(),
  saleId: id(),
  buyerId: buyerId(),
  status: holdStatus(),
  lines: Joi.array().items(exactly({ ticketTypeId: id(), quantity: integer(1, 1000) })),
  placedAt: time(),
  expiresAt: time().description('What the receipt promises.'),
  deadline: time().description('When it really ends; later than expiresAt after a failure of ours.'),
});

export const adminHoldExample = {
  holdId: reservedExample.holdId,
  saleId: 'spring-gala',
  buyerId: 'alice',
  status: 'held',
  lines: [{ ticketTypeId: 'ga', quantity: 2 }],
  placedAt: reservedExample.serverTime,
  expiresAt: reservedExample.expiresAt,
  deadline: reservedExample.expiresAt,
};

/** What each store says of a hold, side by side. */
export function bothStoresView({ holdId, redis, mysql }: AdminHold) {
  const outcome = mysql && {
    outcome: mysql.outcome,
    orderId: mysql.orderId,
    saleId: mysql.saleId,
    createdAt: isoTime(mysql.createdAtMs),
  };
  return { holdId, redis: redis && adminHoldView(redis), mysql: outcome };
}

export const bothStoresSchema = exactly({
  holdId: id(),
  redis: adminHoldSchema.allow(null),
  mysql: exactly({
    outcome: Joi.string().valid('sold', 'void'),
    orderId: id().allow(null),
    saleId: id(),
    createdAt: time(),
  }).allow(null),
});

export const bothStoresExample = { holdId: reservedExample.holdId, redis: adminHoldExample, mysql: null };

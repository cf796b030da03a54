import Joi from 'joi';
import type { PricedLine } from '../../domain/hold.ts';
import { currency, id, integer, time } from '../schemas.ts';

/**
 * Schemas of answers require every field; an answer with one more or one less is a broken contract. Each field says so
 * itself, because Joi does not export a `presence` that is only preferred.
 */
export const exactly = (fields: Record<string, Joi.Schema>) =>
  Joi.object(fields)
    .fork(Object.keys(fields), (field) => field.required())
    .prefs({ convert: false, abortEarly: false });

/** A moment that may not be set. */
export const timeOrNull = () => time().allow(null);
/** An amount in minor units. */
export const minor = () => integer(0, Number.MAX_SAFE_INTEGER).description('Minor units of the currency.');
/** Any count of tickets. */
export const tickets = () => integer(0, Number.MAX_SAFE_INTEGER);

/** A page of a list, newest first. */
export const pageOf = (item: Joi.Schema) =>
  exactly({
    items: Joi.array().items(item),
    nextCursor: Joi.string().allow(null).description('null on the last page.'),
  });

/** Lines with their promised prices, and what they come to. */
export const moneyFields = () => ({
  lines: Joi.array().items(exactly({ ticketTypeId: id(), quantity: integer(1, 1000), priceMinor: minor() })),
  totalMinor: minor(),
  currency: currency(),
});

/** Lines as they are told; nothing else that a store may keep beside them gets out. */
export function linesView(lines: readonly PricedLine[]): PricedLine[] {
  return lines.map(({ ticketTypeId, quantity, priceMinor }) => ({ ticketTypeId, quantity, priceMinor }));
}

/** The money of the examples. */
export const moneyExample = {
  lines: [{ ticketTypeId: 'ga', quantity: 2, priceMinor: 4500 }],
  totalMinor: 9000,
  currency: 'EUR',
};

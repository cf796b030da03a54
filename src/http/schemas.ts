import Joi from 'joi';
import { isRealTime, msOf, timePattern } from './time.ts';

/** Ids in paths, bodies and query strings. */
export const idPattern = /^[A-Za-z0-9_-]{1,64}$/;
/** Neither control characters nor halves of a surrogate pair: those would not come out of a store as they went in. */
const textPattern = /^[^\p{Cc}\p{Cs}]+$/u;
const cursorPattern = /^[\x21-\x7e]{1,512}$/;

export const LINES_MAX = 20;
export const QUANTITY_MAX = 1000;
/** In one call; what a ticket type may have in all, the engine says. */
export const CAPACITY_MAX = 1_000_000;
export const TICKET_TYPES_MAX = 50;

/** An id of ours or of the caller's choice. */
export const id = () => Joi.string().pattern(idPattern, { name: 'letters, digits, "_" and "-", at most 64' });
/** A short human text of one line. */
export const text = (max: number) =>
  Joi.string().trim().min(1).max(max).pattern(textPattern, { name: 'text without control characters' });
/** A whole number within bounds. */
export const integer = (min: number, max: number) => Joi.number().integer().min(min).max(max);
/** The buyer's `sub`: any characters, at most 255 bytes. */
export const buyerId = () => Joi.string().min(1).max(255, 'utf8');
/** ISO 4217, three capital letters. */
export const currency = () => Joi.string().pattern(/^[A-Z]{3}$/, { name: 'three capital letters' });
/** Why an admin does it; it goes to the audit. */
export const reason = () => text(500).description('Why; written to the audit.');
/** How many items a page has. */
export const limit = () => integer(1, 100).default(20).description('How many items at most.');
/** Where the next page begins. */
export const cursor = () =>
  Joi.string().pattern(cursorPattern, { name: 'cursor' }).description('`nextCursor` of the page before.');

/** A moment in ISO 8601 UTC, for a date that the calendar has. */
export const time = () =>
  Joi.string()
    .pattern(timePattern, { name: 'YYYY-MM-DDTHH:mm:ss.sssZ' })
    .custom((value: string, helpers) => (isRealTime(value) ? value : helpers.error('time.real')))
    .messages({ 'time.real': '{{#label}} must be a date that exists, from 1970 on' })
    .description('ISO 8601, UTC.');

/** The same for an end, which must come after its sibling `opensAt`. */
export const endTime = () =>
  time()
    .custom((value: string, helpers) => {
      const opensAt: unknown = helpers.state.ancestors[0]?.opensAt;
      if (typeof opensAt !== 'string' || !isRealTime(opensAt)) return value;
      return msOf(value) > msOf(opensAt) ? value : helpers.error('time.after');
    })
    .messages({ 'time.after': '{{#label}} must be after opensAt' })
    .allow(null);

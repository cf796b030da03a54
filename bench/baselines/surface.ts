import Joi from 'joi';
import { createReceipts } from '../../src/engine/receipt.ts';
import { createAuthenticate } from '../../src/http/auth/authenticate.ts';
import { setting } from './listen.ts';

const id = () => Joi.string().pattern(/^[A-Za-z0-9_-]{1,64}$/);

const reserveSchema = Joi.object<{ saleId: string; lines: { ticketTypeId: string; quantity: number }[] }>({
  saleId: id().required(),
  lines: Joi.array()
    .items(Joi.object({ ticketTypeId: id().required(), quantity: Joi.number().integer().min(1).max(1000).required() }))
    .length(1)
    .required(),
}).prefs({ convert: false });

/** The very authentication and signature of the engine, so that a baseline saves nothing there. */
export const authenticate = createAuthenticate({
  ...{ jwtSecret: setting('AUTH_JWT_SECRET'), jwksUrl: null, issuer: null, audience: null },
});
/** Signs and reads the tokens of holds as the engine does. */
export const receipts = createReceipts(setting('HOLD_TOKEN_SECRET'));

/** Of every ticket. */
export const priceMinor = 7500;
/** Two hours: nothing lapses while it is measured. */
export const holdTtlMs = 7_200_000;

/** Validates as strictly as the engine does, but one line only. Throws for what is wrong. */
export function readReserve(body: unknown): { saleId: string; ticketTypeId: string; quantity: number } {
  const { saleId, lines } = Joi.attempt(body, reserveSchema);
  const [line] = lines as [{ ticketTypeId: string; quantity: number }];
  return { saleId, ...line };
}

/** What is answered for a hold, in the form of the engine's answer. */
export function reservedAnswer(hold: {
  saleId: string;
  holdId: string;
  buyerId: string;
  ticketTypeId: string;
  quantity: number;
  placedAtMs: number;
}) {
  const { holdId, ticketTypeId, quantity, placedAtMs } = hold;
  const lines = [{ ticketTypeId, quantity, priceMinor }];
  const expiresAtMs = placedAtMs + holdTtlMs;
  return {
    holdId,
    token: receipts.sign({ ...hold, currency: 'EUR', expiresAtMs, lines }),
    expiresAt: new Date(expiresAtMs).toISOString(),
    serverTime: new Date(placedAtMs).toISOString(),
    lines,
    totalMinor: priceMinor * quantity,
    currency: 'EUR',
  };
}

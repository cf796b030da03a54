import * as assert from 'uvu/assert';
import { RequestError, SaleLostError } from '../domain/errors.ts';
import type { Line, PricedLine, ReserveOutcome } from '../domain/hold.ts';
import type { ConfirmOutcome } from '../domain/order.ts';
import type { Expected } from './oracle/world.ts';
import { priceOf } from './run-state.ts';

/** An answer reduced to what the rules determine. A store that is away is none of the oracle's words: that fails the run. */
export async function seen<T>(call: Promise<T>, reduce: (outcome: T) => Expected): Promise<Expected> {
  try {
    return reduce(await call);
  } catch (error) {
    if (error instanceof SaleLostError) return { status: 'lost' };
    if (error instanceof RequestError) return { status: error.code };
    throw error;
  }
}

/** For outcomes whose every member is determined. */
export function whole(outcome: object & { status: string }): Expected {
  return { ...outcome };
}

/** A hold without its token, which the laws look at. */
export function seenReserve(outcome: ReserveOutcome): Expected {
  if (outcome.status !== 'held') return whole(outcome);
  const { holdId, lines, totalMinor, placedAtMs, expiresAtMs } = outcome.hold;
  assertPriced(lines, totalMinor);
  return { status: 'held', replayed: outcome.replayed, holdId, lines: bare(lines), placedAtMs, expiresAtMs };
}

/** An order without the real time at which MySQL wrote it. */
export function seenConfirm(outcome: ConfirmOutcome): Expected {
  if (outcome.status !== 'confirmed') return whole(outcome);
  const { orderId, holdId, buyerId, lines, totalMinor } = outcome.order;
  assertPriced(lines, totalMinor);
  return { status: 'confirmed', replayed: outcome.replayed, orderId, holdId, buyerId, lines: bare(lines) };
}

function bare(lines: PricedLine[]): Line[] {
  return lines.map(({ ticketTypeId, quantity }) => ({ ticketTypeId, quantity }));
}

function assertPriced(lines: PricedLine[], totalMinor: number): void {
  const expected = lines.map((line) => ({ ...line, priceMinor: priceOf(line.ticketTypeId) }));
  assert.equal(lines, expected, 'the prices of the lines');
  const sum = expected.reduce((total, line) => total + line.priceMinor * line.quantity, 0);
  assert.is(totalMinor, sum, 'the total of the lines');
}

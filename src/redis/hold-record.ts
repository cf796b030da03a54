import { InvariantError } from '../domain/errors.ts';
import type { Hold, HoldStatus, Line } from '../domain/hold.ts';

/** A hold as it is packed in Redis; `lua/include/hold.lua` is the other half of this format. */
export type HoldRecord = Hold & { keyed: boolean; epoch: number; attempts: string };

const PATTERN =
  /^([HCSRE])([0-9a-f]{1,13});([0-9a-f]{1,13})(?:,([01]),([0-9a-f]{1,13}),(\d+),([^;]*))?;([^;]*);([\s\S]*)$/;
const STATUS: Record<string, HoldStatus> = { H: 'held', C: 'confirming', S: 'sold', R: 'released', E: 'expired' };
const STATE: Record<HoldStatus, string> = { held: 'H', confirming: 'C', sold: 'S', released: 'R', expired: 'E' };

/** Reads a packed hold. Throws InvariantError when it is not one. */
export function unpackHold(saleId: string, holdId: string, packed: string): HoldRecord {
  const match = PATTERN.exec(packed);
  const status = STATUS[match?.[1] ?? ''];
  if (!match || status === undefined) throw new InvariantError('a hold in Redis is not readable', { holdId, packed });
  const [, , placed, ttl, keyed, grace, epoch, attempts, lines, buyer] = match;
  const hex = (digits: string | undefined) => Number.parseInt(digits ?? '0', 16);
  const placedAtMs = hex(placed);
  const expiresAtMs = placedAtMs + hex(ttl);
  return {
    holdId,
    saleId,
    buyerId: buyer ?? '',
    status,
    lines: unpackLines(lines ?? ''),
    placedAtMs,
    expiresAtMs,
    deadlineMs: expiresAtMs + hex(grace),
    keyed: keyed === '1',
    epoch: Number(epoch ?? 0),
    attempts: attempts ?? '',
  };
}

/** Packs a hold for a rebuild. */
export function packHold(hold: Omit<HoldRecord, 'holdId' | 'saleId'>): string {
  const { placedAtMs, expiresAtMs, deadlineMs, epoch, attempts } = hold;
  const hex = (ms: number) => ms.toString(16);
  const grace = hex(deadlineMs - expiresAtMs);
  const rest = `,${hold.keyed ? '1' : '0'},${grace},${epoch},${attempts}`;
  const times = `${hex(placedAtMs)};${hex(expiresAtMs - placedAtMs)}${rest === ',0,0,0,' ? '' : rest}`;
  return `${STATE[hold.status]}${times};${packLines(hold.lines)};${hold.buyerId}`;
}

/** Lines in the canonical order give the one text that scripts compare. */
export function packLines(lines: readonly Line[]): string {
  return lines.map((line) => `${line.ticketTypeId}:${line.quantity}`).join(',');
}

/** Reads packed lines. */
export function unpackLines(packed: string): Line[] {
  // A void outcome that was read back from MySQL names no lines.
  if (packed === '') return [];
  return packed.split(',').map((line) => {
    const colon = line.indexOf(':');
    return { ticketTypeId: line.slice(0, colon), quantity: Number(line.slice(colon + 1)) };
  });
}

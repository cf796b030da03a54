/** ISO 8601 UTC to the second or to the millisecond, and nothing else of that standard. */
export const timePattern = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{3})?Z$/;

/** `Date` rolls 30 February over to March: only a text that comes back as itself names a real moment, from 1970 on. */
export function isRealTime(value: string): boolean {
  if (!timePattern.test(value)) return false;
  const ms = Date.parse(value);
  return ms >= 0 && new Date(ms).toISOString().startsWith(value.slice(0, 19));
}

/** Unix milliseconds of a validated time. */
export function msOf(value: string): number {
  return Date.parse(value);
}

/** The same where the time may be absent or null. */
export function msOrNull(value: string | null | undefined): number | null {
  return value === null || value === undefined ? null : msOf(value);
}

/** Unix milliseconds as ISO 8601 UTC with milliseconds. */
export function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}

/** The same for a moment that may not be set. */
export function isoTimeOrNull(ms: number | null): string | null {
  return ms === null ? null : isoTime(ms);
}

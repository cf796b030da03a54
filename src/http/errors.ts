import type { Logger } from 'pino';
import { InvariantError, RequestError, UnavailableError } from '../domain/errors.ts';
import type { Problem } from './answer.ts';

/** What a thrown error tells the caller. Nothing of an unknown error is told: its text may name hosts or hold data. */
export function problemOfError(error: unknown): Problem {
  if (error instanceof RequestError) {
    const { code, message, details } = error;
    return { problem: code, detail: message, members: details };
  }
  if (error instanceof UnavailableError) return { problem: 'unavailable', retryAfterMs: error.retryAfterMs };
  return { problem: 'internal_error' };
}

type Occasion = { requestId: string; method: string; route: string };
/** Logs what a request threw, if it is worth a line. */
export type Reporter = (error: unknown, occasion: Occasion) => void;

/** During an outage every request fails alike: one line a second says it, with how many it stands for. */
const UNAVAILABLE_LOG_EVERY_MS = 1000;

/** Makes the reporter: bugs always with their state, outages at most once a second, the caller's faults never. */
export function createReporter(log: Logger): Reporter {
  let quietUntilMs = 0;
  let unreported = 0;
  return (error, occasion) => {
    if (error instanceof RequestError) return;
    if (error instanceof UnavailableError) {
      unreported += 1;
      const nowMs = performance.now();
      if (nowMs < quietUntilMs) return;
      quietUntilMs = nowMs + UNAVAILABLE_LOG_EVERY_MS;
      log.warn({ ...occasion, err: error, requests: unreported }, 'unavailable');
      unreported = 0;
      return;
    }
    const state = error instanceof InvariantError ? error.state : undefined;
    log.error({ ...occasion, err: error, state }, 'request failed by a bug');
  };
}

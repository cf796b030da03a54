import { UnavailableError } from '../domain/errors.ts';

/**
 * Waits for `work` no longer than `deadlineMs`, then throws UnavailableError. The work itself goes on, because nobody can
 * take back a commit that was sent; if it fails later, `onLate` hears of it, so that no rejection is left unhandled.
 */
export function withDeadline<T>(work: Promise<T>, deadlineMs: number, onLate: (error: unknown) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      reject(new UnavailableError(`There was no answer within ${deadlineMs} ms.`));
    }, deadlineMs);
    work.then(
      (value) => {
        clearTimeout(timer);
        resolve(value);
      },
      (error: unknown) => {
        clearTimeout(timer);
        if (late) onLate(error);
        else reject(error);
      },
    );
  });
}

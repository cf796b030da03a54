import { NoConnectionError } from './errors.ts';
import { openSession, type Session, type SessionOptions } from './session.ts';
import { createWaitingLine } from './waiting-line.ts';

export type Pool = {
  /** A session of one's own, or NoConnectionError within `connectTimeoutMs`. */
  acquire(): Promise<Session>;
  /** Gives a session back; a broken one is replaced. */
  release(session: Session): void;
  /** Refuses what waits, lets what is under way finish for a moment, then ends every session. */
  close(): Promise<void>;
};

type Idle = { session: Session; sinceMs: number };

const waitersMax = 1000;
// A peer that vanished without a word is found by asking, before a request is lost on it.
const checkAfterIdleMs = 5_000;
const checkMs = 250;
const closeGraceMs = 5_000;

/** Our own pool, because mysql2's has no bound on waiting, no certain set-up of a session, and keeps dead waiters. */
export function createPool(options: SessionOptions & { connectionsMax: number }): Pool {
  const line = createWaitingLine<Session>({ waitersMax, waitMs: options.connectTimeoutMs });
  const idle: Idle[] = [];
  const busy = new Set<Session>();
  let opening = 0;
  let closed: { done: () => void } | null = null;

  async function acquire(): Promise<Session> {
    if (closed) throw new NoConnectionError('the pool is closed');
    const fresh = takeFresh(idle, busy);
    if (fresh) return fresh;
    const given = line.join();
    open();
    return given;
  }

  /** One attempt per waiter at most: an idle session that has to be asked first, else a new one where the limit allows. */
  function open(): void {
    if (closed || opening >= line.size) return;
    const old = idle.pop();
    if (old === undefined && busy.size + opening >= options.connectionsMax) return;
    opening += 1;
    const ready = old === undefined ? openSession(options) : checked(old.session, options);
    ready.then(
      (session) => {
        opening -= 1;
        session.onBroken = () => forget(idle, session);
        place(session);
      },
      (error: Error) => {
        opening -= 1;
        // While others are busy or on their way a waiter may still get one; with none, waiting on is in vain.
        if (busy.size + opening + idle.length > 0) return;
        line.failAll(new NoConnectionError('MySQL could not be reached', { cause: error }));
      },
    );
  }

  function place(session: Session): void {
    if (closed) session.destroy();
    if (session.broken) open();
    else if (line.size === 0) idle.push({ session, sinceMs: Date.now() });
    else {
      busy.add(session);
      line.give(session);
    }
  }

  function release(session: Session): void {
    busy.delete(session);
    place(session);
    if (closed && busy.size === 0) closed.done();
  }

  async function close(): Promise<void> {
    if (closed) return;
    const finished = new Promise<void>((resolve) => {
      closed = { done: resolve };
    });
    line.failAll(new NoConnectionError('the pool is closed'));
    for (const { session } of [...idle]) session.destroy();
    if (busy.size > 0) await withGrace(finished, busy);
  }

  return { acquire, release, close };
}

async function withGrace(finished: Promise<void>, busy: Set<Session>): Promise<void> {
  const timer = setTimeout(() => {
    for (const session of [...busy]) session.destroy();
  }, closeGraceMs);
  await finished;
  clearTimeout(timer);
}

/** The session that was used last, so that the others may grow old and be asked; none when it is old itself. */
function takeFresh(idle: Idle[], busy: Set<Session>): Session | null {
  const last = idle.at(-1);
  if (last === undefined || Date.now() - last.sinceMs > checkAfterIdleMs) return null;
  idle.pop();
  busy.add(last.session);
  return last.session;
}

function forget(idle: Idle[], session: Session): void {
  const index = idle.findIndex((entry) => entry.session === session);
  if (index >= 0) idle.splice(index, 1);
}

/** The same session when it answers, else a new one in its place. */
async function checked(session: Session, options: SessionOptions): Promise<Session> {
  session.onBroken = () => undefined;
  const timer = setTimeout(() => session.destroy(), Math.min(checkMs, options.connectTimeoutMs / 2));
  try {
    await session.query('DO 1');
    return session;
  } catch {
    session.destroy();
    return await openSession(options);
  } finally {
    clearTimeout(timer);
  }
}

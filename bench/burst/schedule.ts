import type { Kind } from './tally.ts';

/** One request. `dueMs` is when its buyer wanted to send it: waiting for a free connection counts as latency. */
export type Shot = { id: string; kind: Kind; buyer: number; token: string; dueMs: number; sentMs: number };

export type Schedule = {
  /** What is to be sent now, if anything: confirms before reserves. */
  next(): Shot | null;
  /** How long until the next arrival; null when none is to come. */
  waitMs(): number | null;
  /** A buyer who has won pays. */
  confirm(buyer: number, token: string): void;
  settled(kind: Kind): void;
  done(kind: Kind): number;
  isOver(): boolean;
  /** When the first shot of a kind was sent. */
  startedMs(kind: Kind): number;
};

/** Who sends what and when. In an open loop the arrivals are spread evenly and wait for nobody's answer. */
export function createSchedule({ buyers, rate }: { buyers: number; rate: number | null }): Schedule {
  const paying: { buyer: number; token: string; dueMs: number }[] = [];
  const done = { reserve: 0, confirm: 0 };
  let pressed = 0;
  let won = 0;
  const startedMs: Partial<Record<Kind, number>> = {};
  const dueMs = (buyer: number, nowMs: number) =>
    rate === null ? nowMs : (startedMs.reserve ?? nowMs) + (buyer * 1000) / rate;

  return {
    next() {
      const nowMs = performance.now();
      const payer = paying.shift();
      if (payer) startedMs.confirm ??= nowMs;
      if (payer) return { id: `confirm-${payer.buyer}`, kind: 'confirm', ...payer, sentMs: nowMs };
      if (pressed === buyers || dueMs(pressed, nowMs) > nowMs) return null;
      startedMs.reserve ??= nowMs;
      const buyer = pressed++;
      const id = `reserve-${buyer}`;
      return { id, kind: 'reserve', buyer, token: '', dueMs: dueMs(buyer, nowMs), sentMs: nowMs };
    },
    waitMs() {
      if (pressed === buyers) return null;
      const nowMs = performance.now();
      return Math.max(0, dueMs(pressed, nowMs) - nowMs);
    },
    confirm(buyer, token) {
      won += 1;
      paying.push({ buyer, token, dueMs: performance.now() });
    },
    settled(kind) {
      done[kind] += 1;
    },
    done: (kind) => done[kind],
    isOver: () => done.reserve === buyers && done.confirm === won,
    startedMs: (kind) => startedMs[kind] ?? 0,
  };
}

import type { Line } from '../../domain/hold.ts';
import { textOf } from './placing.ts';
import { type Expected, type Steps, timing, type World } from './world.ts';

/**
 * What each process repeats without asking Redis: a shortage that the very same lines of the sale met a moment ago. It is not
 * "either is fine": a process that knows must repeat, and one that has put tickets back itself must ask.
 */
export type Page = Map<string, { answer: Expected; learnedAtMs: number; untilMs: number }>;

/** One process's pages, by sale. */
export type Memory = Map<string, Page>;

/** The page of a sale as it is now. Forgotten meanwhile, it is nobody's any more, and so is what is written on it. */
export function pageOf(world: World, saleId: string, by: number): Page {
  const memory = world.memories[by] as Memory;
  const page: Page = memory.get(saleId) ?? new Map();
  memory.set(saleId, page);
  return page;
}

/** What the page says of these lines, with the wait shorter by the time that has passed. */
export function recall(world: World, page: Page, lines: Line[]): Expected | null {
  const known = page.get(textOf(lines));
  if (!known || world.nowMs >= known.untilMs) return null;
  const { answer, learnedAtMs } = known;
  world.recalls.set(answer.status, (world.recalls.get(answer.status) ?? 0) + 1);
  if (answer.status === 'sold_out') return answer;
  return { ...answer, retryAfterMs: (answer['retryAfterMs'] as number) - (world.nowMs - learnedAtMs) };
}

/** Writes a shortage down: for its moment, and for no longer than until the next hold lapses. */
export function learn(world: World, page: Page, { lines, answer }: { lines: Line[]; answer: Expected }): void {
  const waitMs = answer.status === 'sold_out' ? timing.shortageMemoryMs : (answer['retryAfterMs'] as number);
  const untilMs = world.nowMs + Math.min(timing.shortageMemoryMs, waitMs);
  if (untilMs > world.nowMs) page.set(textOf(lines), { answer, learnedAtMs: world.nowMs, untilMs });
}

/** A process has put tickets back: a moment after the stores know, it forgets the sale. */
export function* forget(world: World, saleId: string, by: number): Steps<void> {
  const memory = world.memories[by] as Memory;
  if (!memory.has(saleId)) return;
  yield;
  memory.delete(saleId);
}

/** Forgets a sale in these processes. */
export function forgetNow({ memories }: World, saleId: string, by: number[]): void {
  for (const index of by) memories[index]?.delete(saleId);
}

/** As `forget`, behind an operation that forgets whatever came of it. */
export function* thenForget(world: World, work: Steps<Expected>, saleId: string, by: number): Steps<Expected> {
  const outcome = yield* work;
  yield* forget(world, saleId, by);
  return outcome;
}

/** What is still to be repeated of a sale, as one text. */
export function memoriesText({ memories, nowMs }: World, saleId: string): string {
  const live = (memory: Memory) =>
    [...(memory.get(saleId) ?? [])].filter(([, { untilMs }]) => untilMs > nowMs).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify(memories.map(live));
}

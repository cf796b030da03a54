import { setTimeout as sleep } from 'node:timers/promises';
import type { Fired } from '../load/request.ts';
import { type Answers, answersBetween } from './admin-calls.ts';
import type { Rule } from './result.ts';
import type { Scene } from './scene.ts';

const everyMs = 150;
const waitMaxMs = 15_000;

/**
 * Reads the books until all rules hold and nothing moves any more, for at most 15 s, and returns what was read last. When a load
 * ends, some requests are still on their way; the server does them all the same, so the books are not closed at once.
 */
export async function settle(read: () => Promise<Rule[]>): Promise<Rule[]> {
  const startedMs = performance.now();
  let before = '';
  for (;;) {
    const rules = await read();
    const now = JSON.stringify(rules);
    const isQuiet = now === before && rules.every(({ ok }) => ok);
    if (isQuiet || performance.now() - startedMs > waitMaxMs) return rules;
    before = now;
    await sleep(everyMs);
  }
}

/** Counts the answers of a route from now on. */
export async function countAnswers({ engine }: Scene, route: string): Promise<() => Promise<Answers>> {
  const before = await engine.calls.answersOf(route);
  return async () => answersBetween(before, await engine.calls.answersOf(route));
}

/** The server may have answered at most one request more on each connection than the load has seen. */
export function seenBothSides(what: string, fired: Fired, answered: number, connections: number): Rule {
  return {
    rule: `${what}: the answers that the load saw are those that the server gave`,
    ok: fired.answers <= answered && answered <= fired.answers + connections,
    numbers: `${fired.answers} ≤ ${answered} ≤ ${fired.answers + connections}`,
  };
}

/** No other status than the one that this load is about. */
export function onlyStatus(what: string, status: string, answers: Answers): Rule {
  return {
    rule: `${what}: every answer was ${status}`,
    ok: Object.keys(answers).length === 1 && status in answers,
    numbers: Object.entries(answers)
      .map(([word, count]) => `${count} × ${word}`)
      .join(', '),
  };
}

/** The conservation law, and that both stores agree about what is sold. */
export async function conserved({ engine }: Scene, saleId: string): Promise<Rule> {
  const { capacity, available, held, sold, soldInMysql } = await engine.admin.stock(saleId);
  return {
    rule: 'capacity = available + held + sold, and both stores have sold as many',
    ok: capacity === available + held + sold && Math.min(available, held, sold) >= 0 && sold === soldInMysql,
    numbers: `${capacity} = ${available} + ${held} + ${sold}, ${soldInMysql} sold in MySQL`,
  };
}

/** Two counts of the same thing. */
export function equal(rule: string, left: number, right: number): Rule {
  return { rule, ok: left === right, numbers: `${left} and ${right}` };
}

import { setTimeout as sleep } from 'node:timers/promises';
import { mysqlAnswers } from '../../src/probe.ts';
import { isReady } from '../own/build.ts';
import { masterAnswers } from './redis-pair.ts';
import type { Stack } from './stack.ts';

const withinMs = 20_000;
const everyMs = 50;

/**
 * Waits until all of the stack is up and ready, for the next schedule. Says what did not come back by itself in time, and what
 * ended without having been told to; such a thing is started again all the same.
 */
export async function waitUntilHealthy(stack: Stack): Promise<string[]> {
  const problems: string[] = [];
  for (const process of [...stack.servers, ...stack.workers]) {
    if (process.isRunning) continue;
    problems.push(`${process.name} ended by itself`);
    await process.start();
  }
  const mysqlIsUp = () => mysqlAnswers({ host: '127.0.0.1', port: stack.mysql.server.port });
  if (!(await within(mysqlIsUp))) {
    problems.push('MySQL does not answer any more');
    await stack.mysql.server.restart();
  }
  if (!(await within(() => masterAnswers(stack.redis)))) {
    problems.push('Redis does not answer any more');
    await stack.redis.master().server.restart();
  }
  await stack.redis.inStep();
  for (const { name, baseUrl } of stack.servers) {
    if (!(await within(() => isReady(baseUrl ?? '')))) problems.push(`${name} was not ready within ${withinMs} ms`);
  }
  return problems;
}

async function within(isTrue: () => Promise<boolean>): Promise<boolean> {
  const untilMs = performance.now() + withinMs;
  while (!(await isTrue())) {
    if (performance.now() > untilMs) return false;
    await sleep(everyMs);
  }
  return true;
}

import fc from 'fast-check';
import { type Finding, send } from './attack.ts';
import { asCommand } from './call.ts';
import { openConnection } from './connection.ts';
import type { Operation } from './document.ts';
import { callOf, type Draft, draftOf } from './draft.ts';
import { faultOfGood } from './judge.ts';
import type { Tally } from './tally.ts';
import type { World } from './world.ts';

const good = 'none: a good request';

/**
 * Sends good requests, by the very same generator that the bad ones are made from, and returns what is wrong with the answers.
 * Each operation has to succeed at least once: were the good ones refused, a refusal of bad ones would prove nothing.
 */
export async function rehearse(input: {
  baseUrl: string;
  operations: readonly Operation[];
  world: World;
  seed: number;
  perOperation: number;
  tally: Tally;
}): Promise<Finding[]> {
  const findings: Finding[] = [];
  const connection = openConnection(input.baseUrl);
  try {
    for (const [index, operation] of inOrder(input.operations).entries()) {
      const drafts = fc.sample(draftOf(operation, input.world), {
        numRuns: input.perOperation,
        seed: input.seed + index,
      });
      findings.push(...(await tryAll(operation, drafts, input, connection)));
    }
  } finally {
    connection.close();
  }
  return findings;
}

/** A sale is closed after everything that needs an open one, and holds are released after they were asked for. */
function inOrder(operations: readonly Operation[]): Operation[] {
  const last = [
    '/purchase/confirm',
    '/purchase/release',
    '/admin/holds/{holdId}/release',
    '/admin/sales/{saleId}/resume',
  ];
  const rank = ({ path }: Operation) => (path.endsWith('/close') ? 99 : last.indexOf(path));
  return operations.toSorted((a, b) => rank(a) - rank(b));
}

async function tryAll(
  operation: Operation,
  drafts: readonly Draft[],
  { baseUrl, tally }: { baseUrl: string; tally: Tally },
  connection: ReturnType<typeof openConnection>,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  let successes = 0;
  for (const draft of drafts) {
    const call = callOf(draft);
    const reply = await send(connection, call);
    tally.add({ operation: operation.id, mutation: good, reply });
    if ('status' in reply && reply.status < 300) successes += 1;
    const fault = faultOfGood(operation, reply);
    if (fault !== null)
      findings.push({ mutation: good, operation: operation.id, fault, command: asCommand(call, baseUrl) });
  }
  if (successes > 0) return findings;
  const fault = `none of ${drafts.length} good requests succeeded`;
  return [...findings, { mutation: good, operation: operation.id, fault, command: 'the same seed' }];
}

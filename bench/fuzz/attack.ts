import fc from 'fast-check';
import type { Bad, Scene } from './bad.ts';
import { asCommand, bytesOf, type Call } from './call.ts';
import { type Connection, type NoReply, openConnection } from './connection.ts';
import { type Books, type Digest, differences } from './digest.ts';
import type { Document } from './document.ts';
import { faultOfBad } from './judge.ts';
import { badRequests } from './mutations.ts';
import type { Reply } from './reply.ts';
import type { Tally } from './tally.ts';

/** Something that must not happen, with the command that makes it happen again. */
export type Finding = { mutation: string; operation: string; fault: string; command: string };

export type AttackInput = {
  baseUrl: string;
  document: Document;
  scene: Scene;
  books: Books;
  seed: number;
  requests: number;
  tally: Tally;
  connections: number;
  onProgress?: ((done: number) => void) | undefined;
  signal?: AbortSignal | undefined;
};

/** After so many requests the stores are looked at; a change is then looked for among these. */
const batchMax = 500;
const findingsMax = 20;

/**
 * Sends bad requests and returns what went wrong: an answer that is not right, or a store that changed. A request is one good
 * request with one thing wrong, so there is nothing to shrink. Stops early after twenty findings.
 */
export async function attack(input: AttackInput): Promise<Finding[]> {
  const findings: Finding[] = [];
  const connections = Array.from({ length: input.connections }, () => openConnection(input.baseUrl));
  const requests = badRequests(input.scene);
  let before = await input.books.read();
  try {
    for (let done = 0; done < input.requests && findings.length < findingsMax; ) {
      input.signal?.throwIfAborted();
      const numRuns = Math.min(batchMax, input.requests - done);
      const batch = fc.sample(requests, { numRuns, seed: input.seed + done });
      const faults = await sendAll(batch, connections, input);
      const after = await input.books.read();
      const changes = differences(before, after);
      findings.push(...faults);
      if (changes.length > 0 && faults.length > 0) findings.push(unknown(changes, 'together with the above'));
      if (changes.length > 0 && faults.length === 0) {
        findings.push(await findCulprit(batch, changes, connections[0] as Connection, input));
      }
      before = changes.length > 0 ? await input.books.read() : after;
      done += numRuns;
      input.onProgress?.(done);
    }
  } finally {
    for (const connection of connections) connection.close();
  }
  return findings;
}

async function sendAll(
  batch: readonly Bad[],
  connections: readonly Connection[],
  input: AttackInput,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  const waiting = batch.values();
  await Promise.all(
    connections.map(async (connection) => {
      for (const bad of waiting) {
        const reply = await send(connection, bad.call);
        input.tally.add({ operation: bad.operation.id, mutation: bad.mutation, reply });
        const fault = faultOfBad(bad, reply, input.document);
        if (fault !== null) findings.push(findingOf(bad, fault, input.baseUrl));
      }
    }),
  );
  return findings;
}

/** After framing of their own, or an answer before the end of the body, the connection is in an uncertain state. */
export async function send(connection: Connection, call: Call): Promise<Reply | NoReply> {
  const reusable = call.framing === 'length' || call.body === null;
  return connection.ask(bytesOf(call), { reusable, hasBody: call.method !== 'HEAD' });
}

/** Sends a batch again, one by one, and looks at the stores after each: whoever changes them is named. */
async function findCulprit(
  batch: readonly Bad[],
  changes: string[],
  connection: Connection,
  { books, baseUrl }: AttackInput,
): Promise<Finding> {
  let before: Digest = await books.read();
  for (const bad of batch) {
    await send(connection, bad.call);
    const after = await books.read();
    const again = differences(before, after);
    if (again.length > 0) return findingOf(bad, `changed ${again.join(', ')}`, baseUrl);
    before = after;
  }
  return unknown(changes, `and not again when ${batch.length} requests were repeated one by one`);
}

function unknown(changes: string[], remark: string): Finding {
  const fault = `changed ${changes.join(', ')}, ${remark}`;
  return { mutation: 'unknown', operation: 'unknown', fault, command: 'the same seed' };
}

function findingOf({ mutation, operation, call }: Bad, fault: string, baseUrl: string): Finding {
  return { mutation, operation: operation.id, fault, command: asCommand(call, baseUrl) };
}

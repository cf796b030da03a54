import { type AttackInput, attack, type Finding } from './attack.ts';
import { openBooks, type StoreUrls, settledDigest } from './digest.ts';
import { type RawDocument, readDocument } from './document.ts';
import { rehearse } from './rehearse.ts';
import { createTally, type Tally } from './tally.ts';
import { makeWorld } from './world.ts';

export type FuzzInput = {
  baseUrl: string;
  secret: string;
  stores: StoreUrls;
  seed: number;
  requests: number;
  connections: number;
  onProgress?: AttackInput['onProgress'];
  signal?: AttackInput['signal'];
};

export type FuzzResult = {
  good: Tally;
  bad: Tally;
  findings: Finding[];
  /** How long the bad ones took, the looks at the stores included. */
  attackMs: number;
};

/** How many good requests of each operation show that the bad ones are made from something good. */
const rehearsalsEach = 25;
const holdCount = 40;

/** One run: good requests in a world of their own, then bad ones in another, which has to stay as it is. */
export async function fuzz(input: FuzzInput): Promise<FuzzResult> {
  const { baseUrl, secret, seed } = input;
  const response = await fetch(`${baseUrl}/openapi.json`);
  const document = readDocument((await response.json()) as RawDocument);
  const { operations } = document;
  const tag = Date.now().toString(36);
  const good = createTally();
  const bad = createTally();

  const stage = await makeWorld(baseUrl, { secret, name: `good-${tag}`, holdCount });
  const wrong = await rehearse({ baseUrl, operations, world: stage, seed, perOperation: rehearsalsEach, tally: good });
  const world = await makeWorld(baseUrl, { secret, name: `bad-${tag}`, holdCount });
  const books = await openBooks(input.stores);
  try {
    await settledDigest(books);
    const startedMs = performance.now();
    const findings = await attack({ ...input, document, scene: { world, operations }, books, tally: bad });
    return { good, bad, findings: [...wrong, ...findings], attackMs: performance.now() - startedMs };
  } finally {
    await books.close();
  }
}

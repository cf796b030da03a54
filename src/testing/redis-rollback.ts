import { readdirSync, readFileSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import type { PrivateServer } from '../../scripts/stores/private.ts';
import type { Redis } from '../redis/connection.ts';
import { freshId } from './stack.ts';
import { until } from './until.ts';

/** A moment to which a Redis with an append-only file can be thrown back. */
export type Mark = { file: string; bytes: number };

/** Marks this moment: the end of one command in the file, with everything before it. */
export async function markMoment(server: PrivateServer, redis: Redis): Promise<Mark> {
  const word = freshId('mark');
  await redis.client.set(word, word);
  const file = incrementalFile(server);
  return until('the mark is in the append-only file', () => {
    const at = readFileSync(file).lastIndexOf(word);
    return at < 0 ? null : { file, bytes: at + word.length + '\r\n'.length };
  });
}

/** Kills the server as a crash would and starts it again without whatever came after the mark. */
export async function crashBackTo(server: PrivateServer, { file, bytes }: Mark): Promise<void> {
  await server.kill9();
  if (statSync(file).size <= bytes) throw new Error('nothing came after the mark: nothing would be forgotten');
  truncateSync(file, bytes);
  await server.restart();
}

function incrementalFile({ dir }: PrivateServer): string {
  const folder = join(dir, 'appendonlydir');
  const [name] = readdirSync(folder).filter((entry) => entry.endsWith('.incr.aof'));
  if (!name) throw new Error(`there is no incremental append-only file in ${folder}`);
  return join(folder, name);
}

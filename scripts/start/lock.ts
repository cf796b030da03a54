import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join, relative } from 'node:path';
import { NotPossible } from '../not-possible.ts';

export type Lock = { tell(address: string): void; release(): void };

/**
 * Lets one process at a time use a data folder, by listening on a socket in it: a socket of a dead process answers nobody,
 * so a stale lock is no obstacle. Throws saying where the running one is.
 */
export async function takeLock(folder: string): Promise<Lock> {
  // Relative to the working directory: a socket's path may not be longer than 107 characters.
  const path = relative(process.cwd(), join(folder, 'lock.sock'));
  const ours = randomUUID();
  let told = 'it is still starting';

  const other = await ask(path);
  if (other) throw new NotPossible(runningMessage(other.said));
  rmSync(path, { force: true });
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.end(JSON.stringify({ id: ours, said: told }));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  // Of two that found the same stale socket, the later one has replaced the other's.
  const holder = await ask(path);
  if (holder?.id !== ours) {
    server.close();
    throw new NotPossible(runningMessage(holder?.said ?? told));
  }
  server.unref();
  return {
    tell: (address) => {
      told = address;
    },
    release: () => void server.close(),
  };
}

function runningMessage(said: string): string {
  return `onsale is already running in this folder: ${said}`;
}

function ask(path: string): Promise<{ id: string; said: string } | null> {
  return new Promise((resolve) => {
    const socket = connect(path);
    let text = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      text += chunk;
    });
    socket.once('error', () => resolve(null));
    socket.once('end', () => resolve(text ? JSON.parse(text) : null));
  });
}

import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export type Program = { path: string; version: string; maker: 'redis' | 'valkey' | 'mariadb' | 'mysql' };

/** Places that are often missing in the PATH of an ordinary user. */
const moreFolders = ['/usr/sbin', '/usr/local/sbin', '/usr/local/bin', '/opt/homebrew/bin', '/usr/local/mysql/bin'];

const oldest: Record<Program['maker'], string> = { redis: '7.0', valkey: '8.0', mariadb: '10.11', mysql: '8.4' };

/** A Redis or Valkey on this machine that is new enough; null when there is none. */
export function findRedisProgram(path: string): Promise<Program | null> {
  return findProgram(['redis-server', 'valkey-server'], path);
}

/** A MySQL or MariaDB server on this machine that is new enough; null when there is none. */
export function findMysqlProgram(path: string): Promise<Program | null> {
  return findProgram(['mariadbd', 'mysqld'], path);
}

/** The full path of a program; null when it is not there. */
export function which(name: string, path: string): string | null {
  for (const folder of [...path.split(delimiter), ...moreFolders]) {
    const candidate = join(folder, name);
    try {
      accessSync(candidate, constants.X_OK);
      return candidate;
    } catch {
      // Not in this folder: look in the next.
    }
  }
  return null;
}

async function findProgram(names: string[], path: string): Promise<Program | null> {
  for (const name of names) {
    const found = which(name, path);
    const program = found ? await describe(found) : null;
    if (program && atLeast(program.version, oldest[program.maker])) return program;
  }
  return null;
}

async function describe(path: string): Promise<Program | null> {
  try {
    const args = /mysqld|mariadbd/.test(path) ? ['--no-defaults', '--version'] : ['--version'];
    const { stdout } = await run(path, args, { timeout: 5000 });
    const version = /(?:v=|Ver )(\d+\.\d+\.\d+)/.exec(stdout)?.[1];
    return version ? { path, version, maker: makerOf(stdout) } : null;
  } catch {
    // A program that cannot tell its version cannot be relied on.
    return null;
  }
}

function makerOf(versionLine: string): Program['maker'] {
  if (/mariadb/i.test(versionLine)) return 'mariadb';
  if (/valkey/i.test(versionLine)) return 'valkey';
  return /redis/i.test(versionLine) ? 'redis' : 'mysql';
}

/** Compares dotted versions number by number: 10.11 is newer than 10.6. */
export function atLeast(version: string, minimum: string): boolean {
  const [have, need] = [version, minimum].map((text) => text.split('.').map(Number)) as [number[], number[]];
  for (const [index, part] of need.entries()) {
    const difference = (have[index] ?? 0) - part;
    if (difference !== 0) return difference > 0;
  }
  return true;
}

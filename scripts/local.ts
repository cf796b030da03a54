import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export const projectFolder = dirname(import.meta.dirname);

/** Where `npm start` keeps its data and secrets. Removing it removes everything that local runs have stored. */
export const dataFolder = join(projectFolder, '.onsale');

const file = join(dataFolder, 'secrets.json');

export type LocalSecrets = { jwtSecret: string; mysqlPassword: string };

/** The random secrets of this installation, made at the first start and readable by their owner only. */
export function makeLocalSecrets(): LocalSecrets {
  const kept = readLocalSecrets();
  if (kept) return kept;
  const made = {
    jwtSecret: randomBytes(32).toString('base64url'),
    mysqlPassword: randomBytes(18).toString('base64url'),
  };
  mkdirSync(dataFolder, { recursive: true, mode: 0o700 });
  writeFileSync(file, `${JSON.stringify(made, null, 2)}\n`, { mode: 0o600 });
  return made;
}

/** The same, without making any; null before the first start. */
export function readLocalSecrets(): LocalSecrets | null {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : null;
}
